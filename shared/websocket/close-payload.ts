/** What a Close says (RFC 6455 §5.5.1, §7.1.5). */
import { CloseCode, isWireCloseCode } from './close-code.ts';
import type { Violation } from './connection-error.ts';
import { Utf8Checker } from './utf8-checker.ts';

/** `code` is 1005 where it says none. */
export interface ClosePayload {
  readonly code: number;
  readonly reason: string;
}

/** What no Close may say, and the code that this is answered with. */
export interface BadClosePayload {
  readonly answer: CloseCode;
  readonly why: string;
  readonly violation: Violation;
}

export function readClosePayload(payload: Buffer): ClosePayload | BadClosePayload {
  if (payload.length === 0) return { code: CloseCode.NoStatus, reason: '' };
  if (payload.length === 1)
    return bad(CloseCode.ProtocolError, 'Close with half a code', 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH');
  const code = payload.readUInt16BE(0);
  if (!isWireCloseCode(code))
    return bad(CloseCode.ProtocolError, `Close with code ${code}`, 'WS_ERR_INVALID_CLOSE_CODE');
  const checker = new Utf8Checker();
  if (!checker.push(payload, 2, payload.length) || !checker.finish())
    return bad(CloseCode.InvalidPayload, 'reason is not UTF-8', 'WS_ERR_INVALID_UTF8');
  return { code, reason: payload.toString('utf8', 2) };
}

function bad(answer: CloseCode, why: string, violation: Violation): BadClosePayload {
  return { answer, why, violation };
}
