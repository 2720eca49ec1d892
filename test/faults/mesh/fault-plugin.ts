import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const PLUGIN = 'faults';

/**
 * The plugin under test does what each record's `industry` says, and appends a line for each of its steps. Its tasks:
 * `work`, `slow <ms>`, `fail <attempts>`, `later <ms>` and `refuse` (a PermanentError); for scenarios `hang <runs>` (that
 * many runs never end), `gate` and `gate-fail` (wait for the file `gate`, and then work, or fail at the first attempt).
 */
export function writeFaultPlugin(folder: string, effectsFile: string, delivery: object): void {
  const text = `
    import { existsSync, openSync, readFileSync, writeSync } from 'node:fs';
    import { definePlugin, PermanentError, RetryLater } from '@crm-mesh/sdk';

    const effectsFile = ${JSON.stringify(effectsFile)};
    const gate = ${JSON.stringify(gateOf(folder))};
    const file = openSync(effectsFile, 'a');
    const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

    /** One write, so that no crash tears a line. */
    function append(event, attempt, step) {
      const record = event.source.slice(1) + '/' + event.subject;
      const line = { record, version: event.recordversion, step, attempt, life: process.pid };
      writeSync(file, JSON.stringify(line) + '\\n');
    }

    function countRuns(event) {
      const start = JSON.stringify({ record: event.source.slice(1) + '/' + event.subject, version: event.recordversion, step: 'begin' });
      return readFileSync(effectsFile, 'utf8').split(start.slice(0, -1) + ',').length - 1;
    }

    export default definePlugin({
      name: '${PLUGIN}',
      events: ['*'],
      delivery: ${JSON.stringify(delivery)},
      async handle(event, { attempt }) {
        const [verb, argument] = (event.data.industry ?? 'work').split(' ');
        append(event, attempt, 'begin');
        if (verb === 'hang' && countRuns(event) <= Number(argument)) await new Promise(() => undefined);
        if (verb.startsWith('gate')) while (!existsSync(gate)) await pause(20);
        if (verb === 'slow') await pause(Number(argument));
        if (verb === 'refuse') {
          append(event, attempt, 'refused');
          throw new PermanentError('refused ' + event.id);
        }
        if (verb === 'fail' && attempt <= Number(argument)) throw new Error('fails at attempt ' + attempt);
        if (verb === 'gate-fail' && attempt === 1) throw new Error('fails at the first attempt');
        if (verb === 'later' && attempt === 1) throw new RetryLater(Number(argument));
        append(event, attempt, 'done');
      },
    });
  `;
  writeFileSync(join(folder, `${PLUGIN}.plugin.ts`), text);
}

/** The file that `gate` tasks wait for. */
export function gateOf(pluginFolder: string): string {
  return join(pluginFolder, '../gate');
}
