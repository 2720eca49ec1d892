import 'reflect-metadata';
import { createMeshApp, MeshStrategy } from '@crm-mesh/nest';
import { AppModule } from './app.module.js';

const mesh = new MeshStrategy({
  app: 'commissions',
  nats: { url: process.env['NATS_URL'] },
  store: process.env['STORE_URL'] ?? 'sqlite:commissions.db',
});
const app = await createMeshApp(AppModule, mesh);
app.enableShutdownHooks();
await app.listen();
