import type { Command } from 'commander';
import { addSourceBackfill } from './source-backfill.js';
import { addSourceMap } from './source-map.js';
import { addSourceRetell } from './source-retell.js';
import { addSourceStatus } from './source-status.js';
import { addSourceCheck } from './source-check.js';
import { addSourceNew } from './source-new.js';
import { runCommand } from '../command.js';

const FORMATS = `
The file holds JSON {method, url, headers, body | bodyBase64, receivedAt}, a raw HTTP message, or what \`curl -v\` prints.
Nothing of it is stored or sent anywhere.`;

export function addSource(program: Command): void {
  const source = program.command('source').description('Sources: what speaks with CRMs.');
  const verify = source
    .command('verify')
    .description('Says of a recorded webhook why it is refused: wrong secret, wrong URL, clock, altered body …')
    .requiredOption('--request <file>', 'the recorded request')
    .option('--connection <tenant/name>', 'default: the one that the path of the request names')
    .option(
      '--public-url <url>',
      'the address that the CRM was told, without path; default: http.publicUrl of mesh.yaml',
    )
    .addHelpText('after', FORMATS);
  runCommand(verify, async () => (await import('../work/source.js')).verifyRequest);
  addSourceMap(source);
  addSourceStatus(source);
  addSourceBackfill(source);
  addSourceRetell(source);
  addSourceNew(source);
  addSourceCheck(source);
}
