/** `npm run examples`: type-checks every ```ts block of the README and the documentation, as a user's file would be. */
import { readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { glob } from 'tinyglobby'
import ts from 'typescript'
import { codeBlocks } from './examples/code-blocks.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

interface Example {
  /** The page, and the line of it on which the code begins. */
  readonly page: string
  readonly line: number
  readonly text: string
}

/** By a path that exists in memory only: the blocks of a page are files of one folder and may import one another. */
async function examples(): Promise<ReadonlyMap<string, Example>> {
  // The reference is made of the source, which is type-checked itself.
  const options = { cwd: ROOT, ignore: ['docs/reference/**', 'docs/.vitepress/**', 'docs/node_modules/**'] }
  const pages = await glob(['*.md', 'docs/**/*.md', 'examples/*/README.md'], options)
  const found = new Map<string, Example>()
  for (const page of pages.toSorted()) {
    for (const { name, line, text } of codeBlocks(await readFile(join(ROOT, page), 'utf8')))
      found.set(join(ROOT, 'examples', page.replace(/\W/g, '-'), name), { page, line, text })
  }
  return found
}

function settings(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path))
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, ROOT)
  // An example shows one thing; what it does not use is for the reader.
  return { ...options, noUnusedLocals: false, noUnusedParameters: false }
}

function hostOf(files: ReadonlyMap<string, Example>, options: ts.CompilerOptions): ts.CompilerHost {
  const host = ts.createCompilerHost(options)
  const folders = new Set([...files.keys()].map((path) => dirname(path)))
  const { fileExists, readFile: read, directoryExists } = host
  host.fileExists = (path) => files.has(path) || fileExists(path)
  host.readFile = (path) => files.get(path)?.text ?? read(path)
  host.directoryExists = (path) => folders.has(path) || directoryExists?.(path) === true
  host.getSourceFile = (path, version) => {
    const text = host.readFile(path)
    return text === undefined ? undefined : ts.createSourceFile(path, text, version)
  }
  return host
}

const files = await examples()
const options = settings()
const program = ts.createProgram([...files.keys()], options, hostOf(files, options))
let errors = 0
for (const [path, { page, line }] of files) {
  const source = program.getSourceFile(path)
  const problems = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
  for (const { start = 0, messageText } of problems) {
    errors++
    const at = line + (source?.getLineAndCharacterOfPosition(start).line ?? 0)
    console.log(
      `error   ${relative(ROOT, join(ROOT, page))}:${at} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    )
  }
}
console.log(`${files.size} examples, ${errors} errors`)
process.exitCode = errors === 0 && files.size > 0 ? 0 : 1
