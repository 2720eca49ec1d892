import { describe, expect, it } from 'vitest';
import { readRecordedRequest } from './recorded-request.js';

const text = (body: Uint8Array) => Buffer.from(body).toString();

describe('as JSON', () => {
  it('body as text', () => {
    const recorded = readRecordedRequest(
      JSON.stringify({
        method: 'post',
        url: 'https://x.example:8443/a/b?c=1',
        headers: { 'X-One': 1 },
        body: 'ü\r\n',
        receivedAt: '2026-03-24T16:00:02.450Z',
      }),
    );
    expect({ ...recorded, body: text(recorded.body) }).toEqual({
      method: 'POST',
      url: '/a/b?c=1',
      recordedUrl: 'https://x.example:8443/a/b',
      headers: { 'x-one': '1' },
      body: 'ü\r\n',
      receivedAtMs: 1_774_368_002_450,
    });
  });

  it('body as base64, path alone, and a byte order mark before all', () => {
    const recorded = readRecordedRequest(
      `\uFEFF ${JSON.stringify({ url: '/a', headers: {}, bodyBase64: 'AP8=', receivedAt: 5 })}`,
    );
    expect(recorded).toEqual({ method: 'POST', url: '/a', headers: {}, body: Buffer.from([0, 255]), receivedAtMs: 5 });
  });

  it.each([
    ['{', 'is none'],
    ['{}', 'no `url`'],
    ['{"url":"/"}', 'no `headers`'],
    ['{"url":"/","headers":{},"body":{"a":1}}', 'keep the bytes'],
    ['{"url":"/","headers":{},"receivedAt":"soon"}', 'receivedAt'],
    ['hello', 'no request line'],
    ['', 'no request line'],
  ])('%s is refused', (content, message) =>
    expect(() => readRecordedRequest(content)).toThrow(new RegExp(`MESH_RECORDED_REQUEST_INVALID.*${message}`)),
  );
});

describe('as an HTTP message', () => {
  it.each([['\r\n'], ['\n']])('with %j', (end) => {
    const message = ['POST /a?b=1 HTTP/1.1', 'Host: x.example', 'X-Two:  a ', 'X-Two: b', '', '{"a":1}\r\n'].join(end);
    const recorded = readRecordedRequest(Buffer.from(message));
    expect({ ...recorded, body: text(recorded.body) }).toEqual({
      method: 'POST',
      url: '/a?b=1',
      headers: { host: 'x.example', 'x-two': 'a, b' },
      body: '{"a":1}\r\n',
    });
  });

  it('cuts what an editor put behind the body', () => {
    const recorded = readRecordedRequest('POST /a HTTP/1.1\nContent-Length: 3\n\nabc\n');
    expect(text(recorded.body)).toBe('abc');
  });

  it('keeps every byte', () => {
    const body = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    expect(readRecordedRequest(Buffer.concat([Buffer.from('POST /a HTTP/1.1\r\n\r\n'), body])).body).toEqual(body);
  });

  it('as curl -v prints it', () => {
    const recorded = readRecordedRequest(
      '*   Trying 127.0.0.1:4000...\n* Connected\n> POST /webhooks/acme/hubspot HTTP/1.1\n> Host: localhost:4000\n> User-Agent: curl\n>\n[]',
    );
    expect({ ...recorded, body: text(recorded.body) }).toEqual({
      method: 'POST',
      url: '/webhooks/acme/hubspot',
      headers: { host: 'localhost:4000', 'user-agent': 'curl' },
      body: '[]',
    });
  });
});
