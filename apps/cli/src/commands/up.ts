import type { Command } from 'commander';
import { runCommand } from '../command.js';
import { DEFAULT_PORTS } from '../supervisor/default-ports.js';
import { parsePace, parsePort } from './parse-options.js';

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
  runCommand(command, async () => (await import('../work/up.js')).up);
}
