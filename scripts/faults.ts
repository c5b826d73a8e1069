/** `npm run faults`: writes docs/faults.md from scripts/faults; with `--check` it only says whether that is needed. Either way each test that it names must be there. */
import { readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MATRIX } from './faults/matrix.js'
import { faultsPage, missingProofs } from './faults/page.js'
import { titlesIn } from './faults/titles.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const TARGET = join(ROOT, 'docs', 'faults.md')

const known = new Map<string, ReadonlySet<string> | undefined>()

function titlesOf(file: string): ReadonlySet<string> | undefined {
  if (!known.has(file)) known.set(file, titlesAt(join(ROOT, file)))
  return known.get(file)
}

function titlesAt(path: string): ReadonlySet<string> | undefined {
  try {
    return titlesIn(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

const missing = missingProofs(MATRIX, titlesOf)
for (const problem of missing) console.error(`scripts/faults: ${problem}`)
const text = faultsPage(MATRIX)
if (!process.argv.includes('--check')) {
  await writeFile(TARGET, text)
} else if ((await readFile(TARGET, 'utf8').catch(() => '')) !== text) {
  console.error('docs/faults.md is not what scripts/faults says; run: npm run faults')
  process.exitCode = 1
}
if (missing.length > 0) process.exitCode = 1
