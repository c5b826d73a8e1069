import { posix } from 'node:path'
import {
  BARRELS,
  CLIENT_LIBRARIES,
  DEFAULT_EXPORTS,
  EMPTY_WORDS,
  LAYERS,
  type Layer,
  LIMITS,
  STRANGERS,
  TALKS_TO_THE_PROCESS,
} from './rules.js'
import type { SourceFile } from './source-file.js'

export interface Finding {
  readonly level: 'error' | 'warning'
  readonly path: string
  readonly line: number
  /** What is wrong and what to do. */
  readonly message: string
}

/** All findings, in the order of paths. */
export function checkStructure(files: readonly SourceFile[]): Finding[] {
  const each = files.flatMap((file) => [
    ...directionFindings(file),
    ...packageFindings(file),
    ...sizeFindings(file),
    ...nameFindings(file),
    ...exportFindings(file),
    ...globalFindings(file),
  ])
  return [...each, ...cycleFindings(files)].sort((a, b) => a.path.localeCompare(b.path) || a.line - b.line)
}

function error(path: string, line: number, message: string): Finding {
  return { level: 'error', path, line, message }
}

/** Path of the TypeScript file that a relative import names. */
function resolve(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts')
}

function isRelative(specifier: string): boolean {
  return specifier.startsWith('.')
}

/** Unit tests lie beside their files, but are free to use what they need. */
function isTest(file: SourceFile): boolean {
  return file.path.endsWith('.test.ts')
}

/** The layer of a path, with `*` filled in. */
function layerOf(path: string): (Layer & { readonly name: string }) | undefined {
  for (const layer of LAYERS) {
    const pattern = new RegExp(`^${layer.folder.replace('*', '[^/]+')}(?=/|$)`)
    const name = pattern.exec(path)?.[0]
    if (name !== undefined) return { ...layer, name }
  }
  return undefined
}

function directionFindings(file: SourceFile): Finding[] {
  const layer = layerOf(file.path)
  if (file.path.startsWith('src/') && layer === undefined) {
    return [
      error(
        file.path,
        1,
        'is in no known layer; add its folder to scripts/structure/rules.ts, with what it may import',
      ),
    ]
  }
  return file.imports.flatMap(({ specifier, line }) => {
    if (!isRelative(specifier)) return []
    if (!/\.(js|json|css)$/.test(specifier)) {
      return [error(file.path, line, `imports ${specifier}; relative imports end in .js`)]
    }
    const target = resolve(file.path, specifier)
    if (STRANGERS.some((stranger) => file.path.startsWith(stranger)) && target.startsWith('src/')) {
      return [
        error(file.path, line, `imports ${target}; an oracle or a foreign writer shares no code with the product`),
      ]
    }
    if (layer === undefined || layer.imports === 'anything' || isTest(file)) return []
    const other = layerOf(target)?.name ?? target
    if (other === layer.name || layer.imports.includes(other)) return []
    const allowed = layer.imports.length === 0 ? 'only itself' : `only itself and ${layer.imports.join(', ')}`
    return [error(file.path, line, `imports ${target}; ${layer.name} may import ${allowed}`)]
  })
}

function packageFindings(file: SourceFile): Finding[] {
  if (!file.path.startsWith('src/') || isTest(file)) return []
  const allowed = layerOf(file.path)?.packages
  return file.imports.flatMap(({ specifier, line }) => {
    if (isRelative(specifier)) return []
    const name = specifier.startsWith('@') ? specifier.split('/', 2).join('/') : (specifier.split('/')[0] ?? specifier)
    if (allowed !== undefined && !allowed.includes(name)) {
      return [error(file.path, line, `imports ${specifier}; this layer may import only ${allowed.join(' and ')}`)]
    }
    const homes = CLIENT_LIBRARIES[name] ?? ['src']
    if (homes.some((home) => file.path.startsWith(`${home}/`))) return []
    return [
      error(file.path, line, `imports ${specifier}, which only ${homes.join(', ')} may; use what that folder offers`),
    ]
  })
}

function sizeFindings(file: SourceFile): Finding[] {
  const findings: Finding[] = []
  if (file.lines > LIMITS.file) {
    findings.push(error(file.path, 1, `has ${file.lines} lines; split it (limit ${LIMITS.file}, aim at 150)`))
  } else if (file.lines > LIMITS.fileWarning) {
    findings.push({
      level: 'warning',
      path: file.path,
      line: 1,
      message: `has ${file.lines} lines; would two files read better?`,
    })
  }
  return file.path.startsWith('src/') && !isTest(file) ? [...findings, ...functionFindings(file)] : findings
}

function functionFindings(file: SourceFile): Finding[] {
  const long = file.functions
    .filter((each) => each.lines > LIMITS.functionLines)
    .map(({ name, line, lines }) =>
      error(file.path, line, `${name} has ${lines} lines; split it (limit ${LIMITS.functionLines})`),
    )
  const wide = file.functions
    .filter((each) => each.parameters > LIMITS.parametersWarning)
    .map(({ name, line, parameters }): Finding => {
      const level = parameters > LIMITS.parameters ? 'error' : 'warning'
      return { level, path: file.path, line, message: `${name} takes ${parameters} parameters; pass an object` }
    })
  const asserted = file.assertions.map(({ what, line }): Finding => {
    const message = `asserts the type ${what}; can it be narrowed or parsed instead?`
    return { level: 'warning', path: file.path, line, message }
  })
  return [...long, ...wide, ...asserted]
}

function nameFindings(file: SourceFile): Finding[] {
  const name = posix.basename(file.path).replace(/\..*$/, '')
  const folders = posix.dirname(file.path).split('/')
  const findings: Finding[] = []
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))
    findings.push(error(file.path, 1, `call it in kebab-case after its main export, not ${name}`))
  const empty = [...name.split('-'), ...folders].find((word) => EMPTY_WORDS.includes(word))
  if (empty !== undefined) findings.push(error(file.path, 1, `"${empty}" says nothing; call it after what is in it`))
  for (const { what, line } of file.types) {
    if (/^I[A-Z][a-z]/.test(what))
      findings.push(error(file.path, line, `${what}: interfaces are bare nouns, without an I`))
  }
  return findings
}

function exportFindings(file: SourceFile): Finding[] {
  const findings = file.starExports.map(({ line }) => error(file.path, line, 'uses export *; name what is exported'))
  if (!DEFAULT_EXPORTS.some((allowed) => allowed.test(file.path))) {
    findings.push(
      ...file.defaultExports.map(({ line }) => error(file.path, line, 'has a default export; export it by name')),
    )
  }
  const barrel = file.onlyReexports || posix.basename(file.path) === 'index.ts'
  if (barrel && !BARRELS.some((allowed) => allowed.test(file.path))) {
    findings.push(
      error(
        file.path,
        1,
        'is a barrel; import from the files themselves (allowed: src/index.ts and one index.ts per adapter)',
      ),
    )
  }
  return findings
}

function globalFindings(file: SourceFile): Finding[] {
  if (!file.path.startsWith('src/') || isTest(file)) return []
  if (TALKS_TO_THE_PROCESS.some((allowed) => file.path.startsWith(allowed))) return []
  const imported = file.imports.filter(({ specifier }) => /^(node:)?(process|console)$/.test(specifier))
  return [...file.globals, ...imported.map(({ specifier, line }) => ({ what: specifier, line }))].map(
    ({ what, line }) =>
      error(
        file.path,
        line,
        `uses ${what}; only ${TALKS_TO_THE_PROCESS.join(', ')} may. Take what you need as a parameter`,
      ),
  )
}

/** One finding per cycle, at the import that closes it. Imports of types count: they tie files together as well. */
function cycleFindings(files: readonly SourceFile[]): Finding[] {
  const known = new Map(files.map((file) => [file.path, file]))
  const done = new Set<string>()
  const findings: Finding[] = []

  function walk(file: SourceFile, trail: readonly string[]): void {
    const path = [...trail, file.path]
    for (const { specifier, line } of file.imports) {
      if (!isRelative(specifier)) continue
      const target = known.get(resolve(file.path, specifier))
      if (target === undefined || done.has(target.path)) continue
      const start = path.indexOf(target.path)
      if (start < 0) walk(target, path)
      else findings.push(error(file.path, line, `closes a cycle: ${[...path.slice(start), target.path].join(' -> ')}`))
    }
    done.add(file.path)
  }

  for (const file of files) if (!done.has(file.path)) walk(file, [])
  return findings
}
