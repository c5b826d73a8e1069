/** `npm run structure`: dependency direction, cycles, sizes and names. The rules are data in structure/rules.ts. */
import { readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkStructure } from './structure/checks.js'
import { readSourceFile } from './structure/source-file.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FOLDERS = ['src', 'test', 'bench', 'scripts', 'examples', 'web']

async function pathsBelow(folder: string): Promise<string[]> {
  const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isFile() && /\.m?tsx?$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !path.includes('/node_modules/'))
}

const paths = (await Promise.all(FOLDERS.map(pathsBelow))).flat().sort()
const files = await Promise.all(
  paths.map(async (path) => readSourceFile(path, await readFile(join(ROOT, path), 'utf8'))),
)
const findings = checkStructure(files)
for (const { level, path, line, message } of findings)
  console.log(`${level === 'error' ? 'error  ' : 'warning'} ${path}:${line} ${message}`)
const errors = findings.filter((finding) => finding.level === 'error').length
console.log(`${files.length} files, ${errors} errors, ${findings.length - errors} warnings`)
process.exitCode = errors === 0 ? 0 : 1
