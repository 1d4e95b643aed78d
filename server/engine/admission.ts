/**
 * Who is let in: the checks that each request passes before it reaches a session or opens one.
 *
 * Engine.IO's own come first, in its order. Then the Origin: a page of another site must not use its visitor's cookies, and
 * must not touch a session that it didn't open.
 */
import { headerOf } from '../websocket/index.ts';
import type { Line } from './line.ts';
import type { Settings } from './options.ts';
import { errors, refusal } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { messageOf, queryOf } from './request.ts';
import type { AnyRequest } from './request.ts';
import { revisionOf } from './revisions.ts';

/** What is known about a request when it is checked. */
export interface Applicant {
  readonly request: AnyRequest;
  /** The session that it names, where there is one. */
  readonly line: Line | undefined;
  readonly isUpgrade: boolean;
  /** What the `cors` package made of it; undefined where `cors` is not set. */
  readonly allowedOrigin: unknown;
}

/** Returns why the request is refused, or undefined. `allowRequest` is asked later. */
export function checkRequest(applicant: Applicant, settings: Settings): Refusal | undefined {
  return checkProtocol(applicant, settings) ?? checkOrigin(applicant, settings);
}

function checkProtocol(applicant: Applicant, settings: Settings): Refusal | undefined {
  const { request, line, isUpgrade } = applicant;
  const { transport, sid } = queryOf(request);
  const revision = revisionOf(request, settings.allowEIO3);
  if (!(settings.transports as readonly unknown[]).includes(transport))
    return refusal(errors.UNKNOWN_TRANSPORT, { transport });
  const needsUpgrade = transport === 'websocket';
  if (sid !== undefined) {
    if (line === undefined) return refusal(errors.UNKNOWN_SID, { sid });
    const { protocol: previousProtocol } = line.session;
    if (revision !== previousProtocol)
      return refusal(errors.BAD_REQUEST, { name: 'PROTOCOL_MISMATCH', protocol: revision ?? 3, previousProtocol });
  }
  if (needsUpgrade !== isUpgrade) {
    if (!isUpgrade && line !== undefined && line.transport.name !== transport) return mismatch(transport, line);
    return refusal(errors.BAD_REQUEST, { name: 'TRANSPORT_HANDSHAKE_ERROR' });
  }
  if (line === undefined) {
    if (methodOf(applicant) !== 'GET') return refusal(errors.BAD_HANDSHAKE_METHOD, { method: request.method });
    if (revision === undefined) return refusal(errors.UNSUPPORTED_PROTOCOL_VERSION, { protocol: 3 });
    return undefined;
  }
  const method = methodOf(applicant);
  if (method !== 'GET' && method !== 'POST')
    return refusal(errors.BAD_REQUEST, { name: 'BAD_METHOD', method: request.method });
  // Of a peer that counts, a request on another transport moves its session there.
  if (!isUpgrade && !line.core.resumable && line.transport.name !== transport) return mismatch(transport, line);
  return undefined;
}

function mismatch(transport: unknown, line: Line): Refusal {
  return refusal(errors.BAD_REQUEST, {
    name: 'TRANSPORT_MISMATCH',
    transport,
    previousTransport: line.transport.name,
  });
}

/** Over HTTP/2 a WebSocket is asked for with CONNECT (RFC 8441 §4), where HTTP/1.1 has GET. */
function methodOf({ request, isUpgrade }: Applicant): string | undefined {
  return isUpgrade && request.httpVersionMajor >= 2 ? 'GET' : request.method;
}

function checkOrigin(applicant: Applicant, settings: Settings): Refusal | undefined {
  const { line } = applicant;
  const origin = headerOf(applicant.request, 'origin');
  if (origin === undefined) return undefined;
  if (settings.bindOrigin && line?.origin !== undefined && line.origin !== origin)
    return refusal(errors.UNKNOWN_SID, { name: 'OTHER_ORIGIN' });
  const refused = isAllowed(applicant, origin, settings)
    ? undefined
    : refusal(errors.FORBIDDEN, { name: 'ORIGIN', origin });
  if (line !== undefined && refused === undefined) line.origin ??= origin;
  return refused;
}

function isAllowed(applicant: Applicant, origin: string, settings: Settings): boolean {
  const { request, line, isUpgrade, allowedOrigin } = applicant;
  if (isSameSite(request, origin) || isOfOwnPage(line)) return true;
  if (settings.cors !== undefined)
    return allowedOrigin === '*' || allowedOrigin === origin || (isUpgrade && !settings.corsWebSocket);
  // Without a word from the application a foreign page may come, but not with what identifies its visitor.
  const { cookie, authorization } = request.headers;
  return (cookie === undefined && authorization === undefined) || settings.allowRequest !== undefined;
}

/** Whether a page of this very site sent it, as far as a server behind proxies can tell. */
function isSameSite(request: AnyRequest, origin: string): boolean {
  const { headers } = request;
  if (headers['sec-fetch-site'] === 'same-origin') return true;
  const host = hostOf(origin);
  if (host === undefined) return false;
  const forwarded = headers['x-forwarded-host'];
  return host === headers.host?.toLowerCase() || (typeof forwarded === 'string' && host === forwarded.toLowerCase());
}

/**
 * Whether a page of this very site opened the session. Chromium says where a request comes from, but not with WebSockets; what
 * names the session can only be its page, for no other got to know its id.
 */
function isOfOwnPage(line: Line | undefined): boolean {
  return line?.session.request.headers['sec-fetch-site'] === 'same-origin';
}

/** Host and port of an Origin, as a Host header would have them. */
function hostOf(origin: string): string | undefined {
  const match = /^https?:\/\/([^/?#\\@\s]+)$/i.exec(origin);
  return match?.[1]?.toLowerCase();
}

/** Asks the application's `allowRequest`; `done` is called once. */
export function askApplication(
  request: AnyRequest,
  settings: Settings,
  done: (refused: Refusal | undefined) => void,
): void {
  const { allowRequest } = settings;
  if (allowRequest === undefined) return done(undefined);
  let isDecided = false;
  const decide = (reason: string | null | undefined, success: boolean): void => {
    if (isDecided) return;
    isDecided = true;
    if (success) return done(undefined);
    const refused = refusal(errors.FORBIDDEN, { message: reason });
    // For the peer it has to be a text that says something.
    done(typeof reason === 'string' && reason !== '' ? { ...refused, message: reason } : refused);
  };
  try {
    allowRequest(messageOf(request), decide);
  } catch {
    // It could not decide, so nobody is let in.
    decide(undefined, false);
  }
}
