// What a plugin's worker runs.
import 'reflect-metadata';
import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerFacts } from './protocol.js';
import { serveHost } from './worker-side.js';

serveHost(parentPort!, workerData as WorkerFacts);
