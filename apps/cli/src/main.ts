import { Command } from 'commander';
import { createProgram } from './program.js';

await createProgram(new Command()).parseAsync();
