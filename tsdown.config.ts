import { defineConfig } from 'tsdown'

export default defineConfig({
  // The public faces and the command line; everything they import comes along, one output file per source file.
  entry: [
    'src/index.ts',
    'src/adapters/*/index.ts',
    'src/adapters/objects/*/index.ts',
    'src/client/index.ts',
    'src/config/env.ts',
    'src/cli/main.ts',
  ],
  root: 'src',
  outDir: 'dist',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  unbundle: true,
  fixedExtension: false,
  dts: { sourcemap: false },
  sourcemap: true,
  deps: { skipNodeModulesBundle: true },
  clean: true,
})
