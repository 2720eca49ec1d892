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
import { parsePort } from './parse-options.js';

interface UpOptions {
  publisherPort: number;
  hostPort: number;
  sandboxPort: number;
  natsPort: number;
  play: boolean;
  eventsPerMinute?: string;
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
    .option('--events-per-minute <number>', 'how busy the sandbox CRM is', '60')
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
  const ended = new AbortController();
  let mesh: RunningMesh | undefined;
  onStopSignals({
    onStop: () => {
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
    ended.abort();
    // Whatever a start that was broken off still waits for.
    process.exit(EXIT.ok);
  };

  const meshOptions = {
    cwd,
    env,
    cacheDir: CACHE_DIR,
    ports,
    play: options.play,
    hooks: createHooks(context, options),
    ...readPace(options),
  };
  await RunningMesh.start(meshOptions, (created) => (mesh = created)).catch((error: unknown) => {
    // A start that was broken off by Ctrl-C is no error: `stop` ends the process.
    if (!mesh?.isStopping) throw error;
  });
  if (mesh && !mesh.isStopping) announce(context, mesh);
  await new Promise((resolve) => ended.signal.addEventListener('abort', resolve));
  return EXIT.ok;
}

function readPace({ eventsPerMinute }: UpOptions): { eventsPerMinute?: number } {
  return eventsPerMinute === undefined ? {} : { eventsPerMinute: Number(eventsPerMinute) };
}

function announce({ terminal, cwd }: CliContext, mesh: RunningMesh): void {
  terminal.print(renderBanner(mesh, cwd));
  terminal.printJson({ msg: 'running', nats: mesh.nats, urls: mesh.urls, dataDir: mesh.dataDir });
}

function createHooks({ terminal }: CliContext, { verbose = false }: UpOptions): MeshHooks {
  return {
    onProgress: (step) => terminal.remark(`${pc.dim('…')} ${step}`),
    onTrouble: (who, detail) => terminal.complain(`${pc.red('!')} ${pc.bold(who)} ${detail}`),
    onLine: (app, line) => {
      // In JSON mode the apps' own lines are the output.
      if (terminal.json) process.stdout.write(`${line}\n`);
      const text = renderLogLine(app, line, { verbose });
      if (text !== undefined) terminal.print(text);
    },
  };
}
