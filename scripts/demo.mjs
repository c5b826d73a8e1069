// `npm run demo`: builds when a source file is newer than the build, then becomes `lockstep demo` (same process, so that
// signals reach it). Plain JavaScript, as it runs before anything is built.
import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const main = join(root, 'dist', 'cli', 'main.js')

function changedMs(path) {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return 0
  if (!stats.isDirectory()) return stats.mtimeMs
  return Math.max(0, ...readdirSync(path).map((name) => changedMs(join(path, name))))
}

if (
  Math.max(...['src', 'package.json', 'tsdown.config.ts'].map((name) => changedMs(join(root, name)))) > changedMs(main)
) {
  // Everything the build says goes to stderr: with --json, stdout belongs to the demo.
  console.error('building ...')
  const build = spawnSync(
    process.execPath,
    [join(root, 'node_modules', 'tsdown', 'dist', 'run.mjs'), '--logLevel', 'error', '--no-dts'],
    {
      cwd: root,
      stdio: ['ignore', 2, 2],
    },
  )
  if (build.status !== 0) process.exit(build.status ?? 1)
}

process.argv = [process.argv[0], main, 'demo', ...process.argv.slice(2)]
await import(pathToFileURL(main).href)
