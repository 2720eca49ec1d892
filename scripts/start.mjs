// npm start: sets up and runs the whole mesh. Arguments go to `mesh up`.
import { runMesh } from './run-mesh.mjs';
import { setUp } from './setup.mjs';

await setUp();
await runMesh('up', ...process.argv.slice(2));
