import { CloseCode } from './close-code.ts';

/** How a connection ends. Most of its life it has none, so it is an object of its own. */
export class Ending {
  // What `closed` will say: that nobody said Close, until somebody does.
  code: number = CloseCode.Abnormal;
  reason = '';
  wasClean = false;
  /** The first thing that went wrong. */
  error: Error | undefined = undefined;
  /** Cuts the connection where its peer takes too long. */
  timer: NodeJS.Timeout | undefined = undefined;
  /** Bytes that came behind the end. */
  drainedBytes = 0;

  /** The peer said Close. */
  byPeer(code: number, reason: string): void {
    this.code = code;
    this.reason = reason;
    this.wasClean = true;
  }
}
