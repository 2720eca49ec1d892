// npm run demo: sets up, sends a fixed scenario through a mesh, and fails unless the counts are right.
import { runMesh } from './run-mesh.mjs';
import { setUp } from './setup.mjs';

await setUp();
await runMesh('demo', ...process.argv.slice(2));
