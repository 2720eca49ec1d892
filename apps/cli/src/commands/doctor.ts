import type { Command } from 'commander';
import { runCommand } from '../command.js';

export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .description(
      'Checks Node, nats-server, ports, disk, mesh.yaml, connections, plugins, stores and NATS, and says how to mend what is wrong.',
    );
  runCommand(command, async () => (await import('../work/doctor.js')).examine);
}
