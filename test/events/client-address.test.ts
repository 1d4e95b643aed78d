import { afterEach, describe, expect, it, vi } from 'vitest';
import { parseAddress } from '../../client/events/url.ts';

afterEach(() => vi.unstubAllGlobals());

const onPage = (href: string): void => void vi.stubGlobal('location', new URL(href));

describe('the address of a server', () => {
  it.each([
    ['http://example.org', 'http://example.org', '/'],
    ['http://example.org/', 'http://example.org/', '/'],
    ['http://example.org/chat', 'http://example.org/chat', '/chat'],
    ['https://example.org:8443/chat/', 'https://example.org:8443/chat/', '/chat/'],
    ['ws://example.org/chat?token=a/b', 'ws://example.org/chat?token=a/b', '/chat'],
    ['wss://example.org?token=a/b#c/d', 'wss://example.org?token=a/b#c/d', '/'],
    ['http://[::1]:3000/chat', 'http://[::1]:3000/chat', '/chat'],
    ['http://me:secret@example.org/chat', 'http://me:secret@example.org/chat', '/chat'],
    ['http://example.org/größe 漢字%20', 'http://example.org/größe 漢字%20', '/größe 漢字%20'],
    ['example.org/chat', 'https://example.org/chat', '/chat'],
    ['localhost:3000', 'https://localhost:3000', '/'],
    ['//example.org/chat', 'https://example.org/chat', '/chat'],
  ])('%s is %s, namespace %s', (uri, source, namespace) => {
    expect(parseAddress(uri, '/socket.io')).toMatchObject({ source, namespace });
  });

  it.each([
    ['', 'http://here.example:8080', '/'],
    ['/', 'http://here.example:8080/', '/'],
    ['/chat?x=1', 'http://here.example:8080/chat?x=1', '/chat'],
    ['?x=1', 'http://here.example:8080?x=1', '/'],
    ['//example.org/chat', 'http://example.org/chat', '/chat'],
    ['example.org', 'http://example.org', '/'],
    ['https://example.org', 'https://example.org', '/'],
  ])('%j in a page of http://here.example:8080 is %s, namespace %s', (uri, source, namespace) => {
    onPage('http://here.example:8080/some/page.html');
    expect(parseAddress(uri, '/socket.io')).toMatchObject({ source, namespace });
  });

  it.each([
    [true, 'http://example.org/a', 'http://example.org/b'],
    [true, 'http://example.org', 'http://example.org:80'],
    [true, 'https://example.org', 'https://EXAMPLE.org:443'],
    [false, 'http://example.org', 'https://example.org'],
    [false, 'http://example.org', 'http://example.org:81'],
    [false, 'http://example.org', 'http://www.example.org'],
  ])('shares a connection, %s: %s and %s', (same, one, other) => {
    const [first, second] = [parseAddress(one, '/socket.io'), parseAddress(other, '/socket.io')];
    expect(first.id === second.id).toBe(same);
    expect(first.id).not.toBe(parseAddress(one, '/elsewhere').id);
  });

  it.each(['', '/chat', '?x'])('is nobody’s outside of a page, where a page may be rendered: %j', (uri) => {
    expect(parseAddress(uri, '/socket.io').source).toBe(`https://no-page.invalid${uri}`);
  });

  it('has to name a host that can be one', () => {
    expect(() => parseAddress('http://exa mple.org', '/socket.io')).toThrow(TypeError);
  });
});
