import type { Command } from 'commander';
import pc from 'picocolors';
import type { CliContext } from '../cli-context.js';
import { runCommand } from '../command.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { CACHE_DIR } from '../mesh/cache-dir.js';
import { renderLogLine } from '../output/log-line.js';
import { renderBanner } from '../supervisor/banner.js';
import type { MeshHooks } from '../supervisor/mesh-options.js';
import { DEFAULT_PORTS } from '../supervisor/plan-ports.js';
import { RunningMesh } from '../supervisor/running-mesh.js';
import { onStopSignals } from '../supervisor/stop-signals.js';
import { parsePace, parsePort } from './parse-options.js';

interface UpOptions {
  publisherPort: number;
  hostPort: number;
  sandboxPort: number;
  natsPort: number;
  play: boolean;
  eventsPerMinute: number;
  verbose?: boolean;
}

export function addUp(program: Command): void {
  const command = program
    .command('up')
    .summary('run the whole mesh: nats-server, publisher, host and sandbox CRM')
    .description('Runs the whole mesh until Ctrl-C. Ports that are taken are replaced by free ones.')
    .option('--publisher-port <port>', 'webhooks', parsePort, DEFAULT_PORTS.publisher)
    .option('--host-port <port>', 'health and metrics of the host', parsePort, DEFAULT_PORTS.host)
    .option('--sandbox-port <port>', 'the sandbox CRM', parsePort, DEFAULT_PORTS.sandbox)
    .option(
      '--nats-port <port>',
      'the nats-server that is started unless NATS_URL or mesh.yaml names one',
      parsePort,
      DEFAULT_PORTS.nats,
    )
    .option('--no-play', 'the sandbox CRM does nothing by itself')
    .option('--events-per-minute <number>', 'how busy the sandbox CRM is', parsePace, 60)
    .option('--verbose', 'show every line of the apps');
  runCommand<UpOptions>(command, up);
}

async function up(context: CliContext, options: UpOptions): Promise<ExitCode> {
  const { terminal, env, cwd } = context;
  const ports = {
    publisher: options.publisherPort,
    host: options.hostPort,
    sandbox: options.sandboxPort,
    nats: options.natsPort,
  };
  let mesh: RunningMesh | undefined;
  let stopWanted = false;
  onStopSignals({
    onStop: () => {
      stopWanted = true;
      terminal.remark(`\n${pc.dim('stopping: what is in hand is finished first (Ctrl-C again: at once)')}`);
      void stop();
    },
    onKill: () => {
      mesh?.kill();
      process.exit(EXIT.problem);
    },
  });
  const stop = async (): Promise<void> => {
    await mesh?.stop();
    terminal.remark(pc.dim('stopped'));
    // Ends `up` too, and whatever a start that was broken off still waits for.
    process.exit(EXIT.ok);
  };

  const meshOptions = {
    cwd,
    env,
    cacheDir: CACHE_DIR,
    ports,
    play: options.play,
    eventsPerMinute: options.eventsPerMinute,
    hooks: createHooks(context, options),
  };
  await RunningMesh.start(meshOptions, (created) => (mesh = created)).catch((error: unknown) => {
    // Told by the signal, not by the mesh: one that failed to start is stopping too. `stop` ends the process.
    if (!stopWanted) throw error;
  });
  if (mesh && !stopWanted) announce(context, mesh);
  return new Promise(() => undefined);
}

function announce({ terminal, cwd }: CliContext, mesh: RunningMesh): void {
  terminal.print(renderBanner(mesh, cwd));
  terminal.printJson({ msg: 'running', nats: mesh.nats, urls: mesh.urls, dataDir: mesh.dataDir });
}

function createHooks({ terminal }: CliContext, { verbose = false }: UpOptions): MeshHooks {
  return {
    onProgress: (step) => terminal.remark(`${pc.dim('…')} ${step}`),
    onTrouble: (who, detail) => {
      if (terminal.json) terminal.printJson({ msg: 'trouble', who, detail });
      else terminal.complain(`${pc.red('!')} ${pc.bold(who)} ${detail}`);
    },
    onLine: (app, line) => {
      // In JSON mode the apps' own lines are the output; what is none of their log (a stack, say) is put into one.
      if (terminal.json) terminal.printLine(line.startsWith('{') ? line : JSON.stringify({ app, msg: line }));
      const text = renderLogLine(app, line, { verbose });
      if (text !== undefined) terminal.print(text);
    },
  };
}
