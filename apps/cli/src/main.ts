import { Command } from 'commander';
import { endOnClosedPipe } from './output/closed-pipe.js';
import { createProgram } from './program.js';

endOnClosedPipe();
const program = await createProgram(new Command(), process.argv.slice(2));
await program.parseAsync();
