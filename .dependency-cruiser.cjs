/** The borders of the design: who may import whom. */
const forbid = (name, comment, from, to) => ({ name, severity: 'error', comment, from, to });

module.exports = {
  forbidden: [
    forbid('no-circles', 'Modules that import each other cannot be understood apart.', {}, { circular: true }),
    forbid(
      'contract-is-a-leaf',
      'Everybody depends on the contract; it depends on nobody.',
      { path: '^libs/contract/' },
      { path: '^(libs/(?!contract/)|apps/|plugins/)' },
    ),
    forbid(
      'sdk-knows-only-the-contract',
      'A plugin must not drag the mesh along. (One with a sink brings a database, which that one file opens: ADR 22.)',
      { path: '^libs/sdk/', pathNot: '^libs/sdk/src/sink/open-sink\\.ts$' },
      { path: '^(libs/(?!sdk/|contract/)|apps/|plugins/)' },
    ),
    forbid(
      'a-sink-knows-only-the-store',
      'And of the mesh nothing else.',
      { path: '^libs/sdk/src/sink/open-sink\\.ts$' },
      { path: '^(libs/(?!sdk/|contract/|store/)|apps/|plugins/)' },
    ),
    forbid(
      'plugins-import-only-the-sdk',
      'What a plugin may use is in the SDK.',
      { path: '^plugins/' },
      { path: '^(libs/(?!sdk/|contract/)|apps/)' },
    ),
    forbid(
      'only-jetstream-touches-nats',
      'One place knows the client.',
      // What the mesh is measured against is the stock client itself.
      { pathNot: '^(libs/jetstream|bench)/' },
      { path: 'node_modules/@nats-io/' },
    ),
    forbid(
      'nobody-imports-the-benchmarks',
      'They measure the product and are no part of it.',
      { pathNot: '^bench/' },
      { path: '^bench/' },
    ),
    forbid(
      'benchmarks-use-doors',
      'What is measured is what others can use too.',
      { path: '^bench/' },
      { path: '^(apps/(?!(publisher|host|sandbox)/src/start-)|plugins/)' },
    ),
    forbid(
      'apps-never-import-apps',
      'They meet over NATS. (`start-….ts` is for the journeys.)',
      { path: '^apps/([^/]+)/' },
      { path: '^apps/', pathNot: '^apps/$1/' },
    ),
    forbid('libs-never-import-apps', 'Libraries stand below.', { path: '^libs/' }, { path: '^apps/' }),
    forbid(
      'the-host-loads-plugins',
      'It never imports them.',
      { path: '^(apps|libs)/', pathNot: '\\.spec\\.ts$' },
      { path: '^plugins/' },
    ),
    forbid(
      'no-test-kit-in-the-product',
      '`@crm-mesh/testing`, specs and their fixtures are private to tests.',
      { path: '^(apps|libs|plugins)/', pathNot: '(\\.(spec|fixture)\\.ts$|^libs/testing/)' },
      { path: '(^libs/testing/|\\.(spec|fixture)\\.ts$)' },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.check.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@crm-mesh/source', 'import', 'require', 'node', 'default'],
    },
  },
};
