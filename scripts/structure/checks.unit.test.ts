import { describe, expect, it } from 'vitest'
import { checkStructure } from './checks.js'
import { readSourceFile } from './source-file.js'

/** The messages of the errors (or warnings) for a tree of files. */
function findings(files: Readonly<Record<string, string>>, level = 'error'): string[] {
  return checkStructure(Object.entries(files).map(([path, text]) => readSourceFile(path, text)))
    .filter((finding) => finding.level === level)
    .map(({ path, line, message }) => `${path}:${line} ${message}`)
}

const lines = (count: number): string => 'let x = 1\n'.repeat(count)

describe('checkStructure', () => {
  it('finds nothing in files that keep to the rules', () => {
    expect(
      findings({
        'src/core/batch.ts':
          "import { inspect } from 'node:util'\nexport interface Batch { process: string }\nexport const a = inspect({ console: 1 })",
        'src/adapters/postgres/pool.ts':
          "import pg from 'pg'\nimport { a } from '../../core/batch.js'\nexport const pool = [pg, a]",
        'src/adapters/postgres/index.ts': "export { pool } from './pool.js'",
        'src/cli/main.ts': "import { pool } from '../adapters/postgres/index.js'\nconsole.log(process.pid, pool)",
        'vitest.config.ts': 'export default {}',
        'src/compare/a.unit.test.ts':
          "import pg from 'pg'\nimport { memory } from '../adapters/memory/index.js'\nconsole.log(pg, memory)",
      }),
    ).toEqual([])
  })

  it.each([
    ['src/core/a.ts', "import { b } from '../engine/b.js'", 'imports src/engine/b.ts; src/core may import only itself'],
    [
      'src/engine/a.ts',
      "import type { b } from '../adapters/postgres/b.js'",
      'src/engine may import only itself and src/core',
    ],
    [
      'src/adapters/mysql/a.ts',
      "import { b } from '../postgres/b.js'",
      'src/adapters/mysql may import only itself and src/core',
    ],
    ['src/flows/sync/a.ts', "const b = await import('../../cli/b.js')", 'src/flows may import only'],
    ['src/core/a.ts', "export type A = import('../config/b.js').B", 'src/core may import only itself'],
    [
      'src/engine/a.ts',
      "import pg from 'pg'",
      'imports pg, which only src/adapters/postgres, src/adapters/graphile, src/cli/demo may',
    ],
    [
      'src/flows/a.ts',
      "import { sql } from 'drizzle-orm/pg-core'",
      'imports drizzle-orm/pg-core, which only src/adapters/postgres, src/adapters/mysql,',
    ],
    ['src/core/a.ts', "import { readFile } from 'node:fs'", 'this layer may import only node:util'],
    ['src/core/a.ts', "import { b } from './b'", 'relative imports end in .js'],
    ['src/novel/a.ts', '', 'is in no known layer'],
    ['test/support/oracle.ts', "import { b } from '../../src/core/b.js'", 'shares no code with the product'],
    ['src/engine/a.ts', 'export const env = process.env', 'uses process'],
    ['src/engine/a.ts', "import { env } from 'node:process'", 'uses node:process'],
    ['src/flows/a.ts', "console.log('x')", 'uses console'],
    ['src/engine/a.ts', 'export default 1', 'has a default export'],
    ['src/engine/a.ts', 'export default function a() {}', 'has a default export'],
    ['src/engine/index.ts', "export { a } from './a.js'", 'is a barrel'],
    ['src/engine/all.ts', "export { a } from './a.js'", 'is a barrel'],
    ['src/index.ts', "export * from './core/a.js'", 'uses export *'],
    ['src/engine/retry-utils.ts', 'let x = 1', '"utils" says nothing'],
    ['src/engine/helpers/a.ts', 'let x = 1', '"helpers" says nothing'],
    ['src/engine/runFlow.ts', 'let x = 1', 'kebab-case'],
    ['src/engine/a.ts', 'interface ISink {}', 'bare nouns'],
    ['src/engine/a.ts', lines(401), 'has 401 lines; split it'],
    ['src/engine/a.ts', `function long() {\n${lines(50)}}`, 'long has 52 lines'],
    ['src/engine/a.ts', 'const f = (a: 1, b: 1, c: 1, d: 1, e: 1) => 1', 'f takes 5 parameters'],
  ])('finds in %s what breaks a rule: %s', (path, text, message) => {
    expect(findings({ [path]: text })).toEqual([expect.stringContaining(message)])
  })

  it('finds a cycle once, also one of types', () => {
    const files = {
      'src/engine/a.ts': "import { b } from './b.js'\nexport const a = b",
      'src/engine/b.ts': "import type { C } from './c.js'\nexport const b: C = 1",
      'src/engine/c.ts': "import './a.js'\nexport type C = number",
    }
    expect(findings(files)).toEqual([
      'src/engine/c.ts:1 closes a cycle: src/engine/a.ts -> src/engine/b.ts -> src/engine/c.ts -> src/engine/a.ts',
    ])
  })

  it('warns of long files and of type assertions', () => {
    const warnings = findings(
      { 'src/engine/a.ts': `${lines(260)}const a = 1 as Foo\nconst b = [1] as const` },
      'warning',
    )
    expect(warnings).toEqual([
      expect.stringContaining('has 262 lines'),
      expect.stringContaining('asserts the type Foo'),
    ])
  })
})
