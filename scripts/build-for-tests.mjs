// A package's specs run from its source, and all that they depend on as it was built: so it is built before them.
export { build as default } from './setup.mjs';
