import { defineConfig } from 'tsdown'

export default defineConfig({
  // The public faces and the command line. What they share is in chunks: a file for each source file takes twice as long to load.
  entry: [
    'src/index.ts',
    'src/adapters/*/index.ts',
    'src/adapters/objects/*/index.ts',
    'src/client/index.ts',
    'src/config/env.ts',
    'src/worker/lambda.ts',
    'src/cli/main.ts',
  ],
  root: 'src',
  outDir: 'dist',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  outputOptions: { chunkFileNames: 'chunks/[name]-[hash].js' },
  fixedExtension: false,
  dts: { sourcemap: false },
  sourcemap: true,
  deps: { skipNodeModulesBundle: true },
  clean: true,
})
