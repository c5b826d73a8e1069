/** `npm run errors-doc`: writes docs/errors.md from the source; with `--check` it only says whether that is needed. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ERRNOS } from '../src/adapters/mysql/session/errnos.js'
import { SQLSTATES } from '../src/adapters/postgres/session/sqlstates.js'
import { EXIT } from '../src/core/errors.js'
import { type ErrorCode, errorCodesIn } from './errors-doc/error-codes.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const TARGET = join(ROOT, 'docs', 'errors.md')

const CLASSES = {
  ConfigError: `The config or the database does not fit; the flow does not start, or stops. Exit code ${EXIT.config}.`,
  UnavailableError: `The flow waits and tries again; health is red meanwhile. Exit code ${EXIT.unavailable} where nothing can wait.`,
  ConflictError: `Another instance moved the checkpoint; the flow reloads and restarts, a bounded number of times. Exit code ${EXIT.conflict}.`,
  DataError: `Items that can never be stored as they are; they become dead letters, the rest flows. Exit code ${EXIT.data}.`,
} as const

const KINDS = { config: 'ConfigError', unavailable: 'UnavailableError', data: 'DataError' } as const

async function codesOfSource(): Promise<ErrorCode[]> {
  const entries = await readdir(join(ROOT, 'src'), { recursive: true })
  const paths = entries.filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts')).sort()
  const texts = await Promise.all(paths.map((path) => readFile(join(ROOT, 'src', path), 'utf8')))
  return texts.flatMap((text) => errorCodesIn(text))
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function classSection(name: keyof typeof CLASSES, codes: readonly ErrorCode[]): string {
  const byCode = new Map<string, ErrorCode>()
  for (const each of codes) {
    const known = byCode.get(each.code)
    if (each.errorClass === name && (known === undefined || known.message === '')) byCode.set(each.code, each)
  }
  const rows = [...byCode.values()].sort((a, b) => (a.code < b.code ? -1 : 1))
  const lines = rows.map(({ code, message, fix }) => `| \`${code}\` | ${cell(message)} | ${cell(fix)} |`)
  return [`## ${name}`, '', CLASSES[name], '', '| code | says | what to do |', '|---|---|---|', ...lines, ''].join('\n')
}

function sqlStateSection(): string {
  const lines = Object.entries(SQLSTATES)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([state, { kind, code, advice }]) => `| ${state} | \`${code}\` | ${KINDS[kind]} | ${cell(advice ?? '')} |`)
  const note =
    'Two characters stand for the whole class, but for the codes that have a line of their own. What is not here is passed on as it came.'
  return [
    '## SQLSTATEs of PostgreSQL',
    '',
    note,
    '',
    '| SQLSTATE | code | class | what to do |',
    '|---|---|---|---|',
    ...lines,
    '',
  ].join('\n')
}

function errnoSection(): string {
  const lines = [...ERRNOS]
    .sort(([a], [b]) => a - b)
    .map(([errno, { kind, code, advice }]) => `| ${errno} | \`${code}\` | ${KINDS[kind]} | ${cell(advice ?? '')} |`)
  const note = 'By number; what is not here goes by the class of its SQLSTATE, or is passed on as it came.'
  return [
    '## Errors of MySQL and MariaDB',
    '',
    note,
    '',
    '| error | code | class | what to do |',
    '|---|---|---|---|',
    ...lines,
    '',
  ].join('\n')
}

const codes = await codesOfSource()
const sections = [
  '# Errors',
  '',
  'Every error of Lockstep carries a code, which stays the same between versions. A class exists only where the engine acts',
  'differently (docs/decisions/0006-errors.md). `…` stands for a name. Written by `npm run errors-doc`; do not edit.',
  '',
  ...(['ConfigError', 'UnavailableError', 'ConflictError', 'DataError'] as const).map((name) =>
    classSection(name, codes),
  ),
  sqlStateSection(),
  errnoSection(),
]
const text = sections.join('\n')

if (!process.argv.includes('--check')) {
  await writeFile(TARGET, text)
} else if ((await readFile(TARGET, 'utf8').catch(() => '')) !== text) {
  console.error('docs/errors.md is not what the source says; run: npm run errors-doc')
  process.exitCode = 1
}
