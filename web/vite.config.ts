import { fileURLToPath } from 'node:url'
import preact from '@preact/preset-vite'
import tailwindcss from '@tailwindcss/vite'
import { defineConfig } from 'vite'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** The dashboard: static files below `dist/web`, which `lockstep serve` hands out. */
export default defineConfig({
  root: here('.'),
  plugins: [preact(), tailwindcss()],
  resolve: { alias: { 'lockstep/client': here('../src/client/index.ts') } },
  build: {
    outDir: here('../dist/web'),
    emptyOutDir: true,
    target: 'es2022',
    // Nothing inline, not even small pictures: the page's content security policy allows neither.
    assetsInlineLimit: 0,
  },
  server: { proxy: { '/api': process.env['LOCKSTEP_API'] ?? 'http://127.0.0.1:4400' } },
})
