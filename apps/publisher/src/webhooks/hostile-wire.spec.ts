import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeHubspotItem } from '../publisher.fixture.js';
import { exchange, openHostileMesh, sign, writeRequest, type Header, type HostileMesh } from './hostile.fixture.js';

const PATH = '/webhooks/acme/hubspot';
/** Generous: a leak of bodies or sockets is far more. */
const MAX_GROWTH_BYTES = 64 * 1024 * 1024;

let mesh: HostileMesh;
let heapAtStart: number;
beforeAll(async () => {
  mesh = await openHostileMesh();
  heapAtStart = measureHeap();
});
afterAll(() => mesh.stop());

function measureHeap(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

let serial = 100_000;
const makeBody = (): Buffer => Buffer.from(JSON.stringify([makeHubspotItem((serial += 1))]));
/** A request that would be taken, with other headers beside or instead of its own. */
function writeSigned(others: readonly Header[] = [], body = makeBody(), path = PATH): Buffer {
  const names = new Set(others.map(([name]) => name));
  const own = sign('hubspot', mesh.url, body).filter(([name]) => !names.has(name));
  return writeRequest({ path, headers: [...own, ...others], body });
}

describe('headers', () => {
  const SIGNATURE = 'x-hubspot-signature-v3';
  it.each<[name: string, statuses: (number | undefined)[], headers: () => Header[]]>([
    ['none of them odd', [202], () => []],
    ['one of 15 KB', [202], () => [['x-long', 'x'.repeat(15_000)]]],
    ['one of 100 KB', [431], () => [['x-long', 'x'.repeat(100_000)]]],
    ['3,000 of them', [202, 431], () => Array.from({ length: 3_000 }, (_, index) => [`x-${index}`, ''] as const)],
    ['a charset of nowhere', [202], () => [['content-type', 'application/json; charset=utf-7; q="\\"']]],
    ['a media type of 10 KB', [415], () => [['content-type', `text/${'x'.repeat(10_000)}`]]],
    ['bytes beyond ASCII', [202], () => [['x-odd', 'é\x80\xff']]],
    ['names of Object.prototype', [202], () => ['__proto__', 'constructor', 'tostring'].map((name) => [name, 'x'])],
    ['a NUL', [400], () => [['x-nul', 'a\0b']]],
    ['a bare line feed', [400, 202], () => [['x-lf', 'a\nb: c']]],
    ['a name with a blank', [400], () => [['x y', 'z']]],
    ['two signatures', [401], () => twice(SIGNATURE, sign('hubspot', mesh.url, makeBody())[2]![1])],
    ['two times', [401], () => twice('x-hubspot-request-timestamp', String(Date.now()))],
    ['two lengths', [400], () => [...twice('content-length', '1').slice(1), ['content-length', '2']]],
    ['a length that is none', [400], () => [['content-length', '1e3']]],
    ['a negative length', [400], () => [['content-length', '-1']]],
    ['a length too small', [400, 401], () => [['content-length', '10']]],
    ['a length beyond all bounds', [400, 413], () => [['content-length', '9'.repeat(30)]]],
    ['a length over the limit', [413], () => [['content-length', '2097153']]],
    [
      'length and chunks',
      [400],
      () => [
        ['content-length', '10'],
        ['transfer-encoding', 'chunked'],
      ],
    ],
    ['an unknown transfer-encoding', [400, 501], () => [['transfer-encoding', 'xchunked']]],
    ['chunked that is not last', [400], () => [['transfer-encoding', 'chunked, identity']]],
    ['chunks that are none', [400], () => [['transfer-encoding', 'chunked']]],
    ['an expectation', [202], () => [['expect', 'the-impossible']]],
    ['100-continue', [202], () => [['expect', '100-continue']]],
    [
      'an upgrade',
      [202],
      () => [
        ['connection', 'upgrade, close'],
        ['upgrade', 'h2c'],
      ],
    ],
  ])('%s → %j', async (_name, statuses, headers) => {
    expect(statuses).toContain((await mesh.judge(writeSigned(headers())))?.status);
  });

  const twice = (name: string, value: string): Header[] => [
    [name, value],
    [name, value],
  ];

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ])('does not unpack %s', async (encoding, compress) => {
    const bomb = compress(Buffer.alloc(20_000_000, '['));
    expect((await mesh.judge(writeSigned([['content-encoding', encoding]], bomb)))?.status).toBe(400);
    expect((await mesh.judge(writeSigned([['content-encoding', encoding]])))?.status).toBe(202);
  });

  it('takes chunks', async () => {
    const body = makeBody();
    const head = [...sign('hubspot', mesh.url, body), ['transfer-encoding', 'chunked']] as const;
    const chunks = [...body].map((byte) => `1;x=y\r\n${String.fromCharCode(byte)}\r\n`).join('');
    const request = writeRequest({ path: PATH, headers: head, body: Buffer.from(`${chunks}0\r\n\r\n`) });
    expect((await mesh.judge(request))?.status).toBe(202);
  });

  it('stands bytes of chance', async () => {
    const name = fc
      .stringMatching(/^[a-z-]{1,20}$/)
      .filter((text) => !/^(host|connection|content-length|expect|upgrade|transfer-encoding|content-type)$/.test(text));
    const value = fc.string({ unit: fc.integer({ min: 32, max: 255 }).map((code) => String.fromCharCode(code)) });
    const headers = fc.array(fc.tuple(name, value), { maxLength: 5 });
    const check = async (others: Header[]): Promise<void> => {
      expect([202, 400]).toContain((await mesh.judge(writeSigned(others)))?.status);
    };
    await fc.assert(fc.asyncProperty(headers, check), { numRuns: 30 });
  });
});

describe('signatures', () => {
  const text = fc.oneof(
    fc.constantFrom('', '=', 'A'.repeat(43), `${'A'.repeat(43)}=`, `${'A'.repeat(44)}=`, 'v1,', '-'.repeat(44)),
    fc.base64String(),
    // DEL is no character of a header: Node's parser answers 400 before anybody looks at a signature.
    fc.string({
      unit: fc
        .integer({ min: 33, max: 255 })
        .filter((code) => code !== 127)
        .map((code) => String.fromCharCode(code)),
    }),
  );
  const expectRefused = async (path: string, headers: Header[]): Promise<void> => {
    expect((await mesh.judge(writeRequest({ path, headers, body: makeBody() })))?.status).toBe(401);
  };

  it('that are none are refused', async () => {
    const check = async (forged: string): Promise<void> => {
      const header = (name: string, value: string): Header => [name, value.trim()];
      const seconds = String(Math.floor(Date.now() / 1_000));
      const json: Header = ['content-type', 'application/json'];
      await expectRefused(PATH, [
        json,
        ['x-hubspot-request-timestamp', `${seconds}000`],
        header('x-hubspot-signature-v3', forged),
      ]);
      await expectRefused(PATH, [json, ['x-hubspot-signature-version', 'v1'], header('x-hubspot-signature', forged)]);
      await expectRefused('/webhooks/acme/cloudevents', [json, header('authorization', `Bearer ${forged}`)]);
      const ids: Header[] = [
        ['webhook-id', 'a'],
        ['webhook-timestamp', seconds],
      ];
      await expectRefused('/webhooks/acme/standard', [json, ...ids, header('webhook-signature', `v1,${forged}`)]);
      await expectRefused('/webhooks/acme/standard', [json, ...ids, header('webhook-signature', `v1a,${forged}`)]);
    };
    await fc.assert(fc.asyncProperty(text, check), { numRuns: 20 });
  });

  it('hidden behind a thousand others are refused', async () => {
    const body = Buffer.from('{"type":"deal.won","data":{"id":"1"}}');
    const headers = sign('standard', mesh.url, body);
    const forged = `v1,${Buffer.alloc(32).toString('base64')} `;
    const hide = (count: number): Promise<{ status: number } | undefined> => {
      const hidden = headers.map(([name, value]): Header => [
        name,
        name === 'webhook-signature' ? forged.repeat(count) + value : value,
      ]);
      return mesh.judge(writeRequest({ path: '/webhooks/acme/standard', headers: hidden, body }));
    };
    expect((await hide(3))?.status).toBe(202);
    expect((await hide(200))?.status).toBe(401);
  });
});

describe('paths and first lines', () => {
  const paths = fc.oneof(
    fc.constantFrom(`/${'x'.repeat(10_000)}/y`, `/acme/${'%41'.repeat(2_000)}`, '//', '/%', '/%ff', '/%00', '/*'),
    fc.constantFrom('/..', '/../..', '/%2e%2e/acme', '/acme%2Fhubspot', '/acme/hubspot/', '/acme/hubspot%00'),
    fc.constantFrom('/acme/__proto__', '/acme/%F0%9F%98%80', '/acme;/hubspot', '/acme/hubspot#x'),
    fc.webPath(),
    fc.stringMatching(/^\/[!-~]{0,40}$/),
  );

  it('of chance', async () => {
    const check = async (path: string): Promise<void> => {
      const answer = await mesh.judge(writeRequest({ path: `/webhooks${path}`, body: makeBody() }));
      expect([400, 401, 404, 415]).toContain(answer?.status);
    };
    await fc.assert(fc.asyncProperty(paths, check), { numRuns: 60 });
  });

  it.each([
    ['garbage', 'garbage\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['HTTP/1.0', `POST ${PATH} HTTP/1.0\r\n\r\n`],
    ['no host', `POST ${PATH} HTTP/1.1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`],
    ['a method of nobody', `BREW ${PATH} HTTP/1.1\r\n\r\n`],
    ['CONNECT', 'CONNECT example.com:443 HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['TRACE', `TRACE ${PATH} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`],
    ['a whole address', 'POST http://elsewhere.example/x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'],
    ['a smuggled second request', `POST ${PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\nGARBAGE\r\n\r\n`],
  ])('%s', async (_name, text) => {
    const status = (await mesh.judge(Buffer.from(text, 'latin1')))?.status ?? 400;
    expect(status).toBeGreaterThanOrEqual(400);
  });

  it('cut short', async () => {
    const check = async (part: number): Promise<void> => {
      const request = writeSigned();
      await mesh.judge(request.subarray(0, Math.floor(part * (request.length - 1))), { hangUp: true });
    };
    await fc.assert(fc.asyncProperty(fc.double({ min: 0, max: 1, noNaN: true }), check), { numRuns: 20 });
  });
});

describe('many and slow', () => {
  const open = (): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const { port } = mesh;
      const socket = connect(port, '127.0.0.1', () => resolve(socket)).on('error', reject);
    });

  it('serves others while 500 sockets are idle and 50 trickle', async () => {
    const sockets = await Promise.all(Array.from({ length: 550 }, open));
    const closed = sockets.map((socket) => new Promise((resolve) => socket.on('close', resolve)));
    try {
      const request = writeSigned();
      for (const socket of sockets.slice(500)) socket.write(request.subarray(0, -50));
      for (let at = 50; at > 1; at -= 5) {
        expect((await mesh.judge(writeSigned()))?.status).toBe(202);
        for (const socket of sockets.slice(500)) socket.write(request.subarray(-at, -at + 5 || undefined));
      }
      expect((await exchange(mesh.port, writeRequest({ method: 'GET', path: '/readyz' })))[0]?.status).toBe(200);
      expect(measureHeap() - heapAtStart).toBeLessThan(MAX_GROWTH_BYTES);
    } finally {
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    }
  });

  it('holds no memory for what is over', () => expect(measureHeap() - heapAtStart).toBeLessThan(MAX_GROWTH_BYTES));
});
