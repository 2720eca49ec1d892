import { Command } from 'commander';
import { endOnClosedPipe } from './output/closed-pipe.js';
import { createProgram } from './program.js';

endOnClosedPipe();
await createProgram(new Command()).parseAsync();
