import type { Command, CommanderError } from 'commander';
import { EXIT } from './exit-code.js';
import { describeUsage, wantsJson } from './output/describe-usage.js';

/** In the order of the help. Each says how it is called; what it does is loaded when it runs. */
const COMMANDS = {
  up: async () => (await import('./commands/up.js')).addUp,
  demo: async () => (await import('./commands/demo.js')).addDemo,
  doctor: async () => (await import('./commands/doctor.js')).addDoctor,
  status: async () => (await import('./commands/status.js')).addStatus,
  plugin: async () => (await import('./commands/plugin.js')).addPlugin,
  source: async () => (await import('./commands/source.js')).addSource,
  ledger: async () => (await import('./commands/ledger.js')).addLedger,
  explain: async () => (await import('./commands/explain.js')).addExplain,
  events: async () => (await import('./commands/events.js')).addEvents,
  replay: async () => (await import('./commands/replay.js')).addReplay,
  reconcile: async () => (await import('./commands/reconcile.js')).addReconcile,
  dead: async () => (await import('./commands/dead.js')).addDead,
};

/** With the commands that are named, whatever the words mean; with all where none is. */
export async function createProgram(program: Command, args: readonly string[] = []): Promise<Command> {
  const json = wantsJson(args);
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
  // Ends here for --version, which needs no command.
  program.parseOptions([...args]);
  const named = Object.entries(COMMANDS).filter(([name]) => args.includes(name));
  for (const [, load] of named.length > 0 ? named : Object.entries(COMMANDS)) (await load())(program);
  return program;
}

const HELP = `
Exit codes: 0 all well, 1 a problem was found or met, 2 the command was not understood, 3 no mesh was reached,
4 a reconciliation asks, failed or was cancelled.`;

/** commander ends with 1 for what it does not understand; for us 1 means that the command ran. */
function exitAsUsage(error: CommanderError, json: boolean): never {
  if (error.exitCode === 0) process.exit(EXIT.ok);
  if (json) process.stdout.write(`${JSON.stringify({ error: describeUsage(error) })}\n`);
  process.exit(EXIT.usage);
}
