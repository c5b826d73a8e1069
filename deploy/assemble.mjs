/**
 * Puts together what an image of Lockstep consists of, without its libraries:
 *
 *   node deploy/assemble.mjs <folder> [adapter...]
 *
 * `npm install --omit=dev` in that folder then fetches them, in the versions of the lockfile. The build must be there.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** What each adapter needs beside what Lockstep always has. */
const LIBRARIES = JSON.parse(readFileSync(join(ROOT, 'deploy', 'adapters.json'), 'utf8'))

const [folder, ...adapters] = process.argv.slice(2)
const unknown = adapters.filter((name) => !Object.hasOwn(LIBRARIES, name))
if (folder === undefined || unknown.length > 0) {
  console.error(`usage: node deploy/assemble.mjs <folder> [adapter...], of ${Object.keys(LIBRARIES).join(', ')}`)
  if (unknown.length > 0) console.error(`not an adapter: ${unknown.join(', ')}`)
  process.exit(2)
}

const described = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const chosen = [...new Set(adapters.flatMap((name) => LIBRARIES[name]))]
for (const name of chosen) described.dependencies[name] = described.devDependencies[name]
for (const key of ['devDependencies', 'peerDependencies', 'peerDependenciesMeta', 'scripts']) delete described[key]

mkdirSync(join(folder, 'flows'), { recursive: true })
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(described, null, 2)}\n`)
for (const name of ['package-lock.json', '.npmrc', 'dist', 'LICENSE']) {
  cpSync(join(ROOT, name), join(folder, name), { recursive: true })
}
cpSync(join(ROOT, 'deploy', 'healthcheck.mjs'), join(folder, 'healthcheck.mjs'))
