export { findChromium, type FoundChromium } from './find-chromium.js';
export { startTcpProxy, type TcpProxy } from './tcp-proxy.js';
export { makeTempDir, type TempDir } from './temp-dir.js';
export { findTestBinary, startTestNats, type TestNats, type TestNatsOptions } from './test-nats.js';
export { findPostgresBinaries } from './postgres-binaries.js';
export { startTestPostgres, type TestPostgres } from './test-postgres.js';
