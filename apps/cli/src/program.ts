import type { Command, CommanderError } from 'commander';
import { addDead } from './commands/dead.js';
import { addDemo } from './commands/demo.js';
import { addDoctor } from './commands/doctor.js';
import { addEvents } from './commands/events.js';
import { addPlugin } from './commands/plugin.js';
import { addReplay } from './commands/replay.js';
import { addSource } from './commands/source.js';
import { addStatus } from './commands/status.js';
import { addUp } from './commands/up.js';
import { EXIT } from './exit-code.js';
import { describeUsage, wantsJson } from './output/describe-usage.js';

export function createProgram(program: Command): Command {
  const json = wantsJson(process.argv.slice(2));
  // Before the commands are added: each takes these over.
  if (json) program.configureOutput({ writeErr: () => undefined });
  program
    .exitOverride((error) => exitAsUsage(error, json))
    .name('mesh')
    .description('Runs a crm-mesh, and talks to one over NATS.')
    .version('0.1.0')
    .option('-c, --config <file>', 'mesh.yaml to use (MESH_CONFIG)')
    .option('-d, --data-dir <folder>', 'where the mesh keeps its data (MESH_DATA_DIR; default .mesh)')
    .option('-s, --server <url>', 'NATS server of the mesh (NATS_URL; default: the mesh of the data folder)')
    .option('--context <name>', 'context of the nats CLI (NATS_CONTEXT)')
    .option('--creds <file>', 'NATS credentials (NATS_CREDS)')
    .option('--json', 'JSON instead of tables: one document, or one a line where the output does not end')
    .option('--debug', 'show where an error happened')
    .addHelpText('after', HELP)
    .showSuggestionAfterError();
  for (const add of [addUp, addDemo, addDoctor, addStatus, addPlugin, addSource, addEvents, addReplay, addDead])
    add(program);
  return program;
}

const HELP = `
Exit codes: 0 all well, 1 a problem was found or met, 2 the command was not understood, 3 no mesh was reached.`;

/** commander ends with 1 for what it does not understand; for us 1 means that the command ran. */
function exitAsUsage(error: CommanderError, json: boolean): never {
  if (error.exitCode === 0) process.exit(EXIT.ok);
  if (json) process.stdout.write(`${JSON.stringify({ error: describeUsage(error) })}\n`);
  process.exit(EXIT.usage);
}
