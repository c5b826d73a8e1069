/** `npm run errors-doc`: writes docs/errors.md from the source; with `--check` it only says whether that is needed. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CONNECTING, EXCEPTIONS, STATUS } from '../src/adapters/kurrentdb/meanings.js'
import { ERRNOS } from '../src/adapters/mysql/session/errnos.js'
import { SQLSTATES } from '../src/adapters/postgres/session/sqlstates.js'
import { AWAY, REFUSED } from '../src/adapters/sqlite/session/result-codes.js'
import { EXIT } from '../src/core/errors.js'
import { type ErrorCode, errorCodesIn } from './errors-doc/error-codes.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const TARGET = join(ROOT, 'docs', 'errors.md')

const CLASSES = {
  ConfigError: `The config or the database does not fit; the flow does not start, or stops. Exit code ${EXIT.config}.`,
  UnavailableError: `The flow waits and tries again; health is red meanwhile. Exit code ${EXIT.unavailable} where nothing can wait.`,
  ConflictError: `Another instance moved the checkpoint; the flow reloads and restarts, a bounded number of times. Exit code ${EXIT.conflict}.`,
  DataError: `Items that can never be stored as they are; they become dead letters, the rest flows. Exit code ${EXIT.data}.`,
  Fault:
    'What was wrong with a message of `ingest` before it came to the sink; it is in its dead letter. `decode` may throw a DataError with a code of its own.',
  RangesError: 'The ranges of a distributed flow cannot be done, so it has no verdict. Exit code of what failed last.',
  SystemicError: `Most of a batch cannot be read or stored, so the cause is not in the items: nothing is stored or dead-lettered, the flow stops. Exit code ${EXIT.data}.`,
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

/** Errors of a server or client by what they are called there. */
interface Codes {
  readonly title: string
  readonly note: string
  /** Of the first column. */
  readonly head: string
  readonly rows: readonly (readonly [
    name: string,
    code: string,
    kind: keyof typeof KINDS,
    advice?: string | undefined,
  ])[]
}

function codesSection({ title, note, head, rows }: Codes): string {
  const lines = rows.map(
    ([name, code, kind, advice]) => `| ${name} | \`${code}\` | ${KINDS[kind]} | ${cell(advice ?? '')} |`,
  )
  return [
    `## ${title}`,
    '',
    note,
    '',
    `| ${head} | code | class | what to do |`,
    '|---|---|---|---|',
    ...lines,
    '',
  ].join('\n')
}

const OF_SERVERS: readonly Codes[] = [
  {
    title: 'SQLSTATEs of PostgreSQL',
    note: 'Two characters stand for the whole class, but for the codes that have a line of their own. What is not here is passed on as it came.',
    head: 'SQLSTATE',
    rows: Object.entries(SQLSTATES)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([state, { kind, code, advice }]) => [state, code, kind, advice]),
  },
  {
    title: 'Errors of MySQL and MariaDB',
    note: 'By number; what is not here goes by the class of its SQLSTATE, or is passed on as it came.',
    head: 'error',
    rows: [...ERRNOS]
      .sort(([a], [b]) => a - b)
      .map(([errno, { kind, code, advice }]) => [String(errno), code, kind, advice]),
  },
  {
    title: 'Result codes of SQLite',
    note: 'What is not here is passed on as it came.',
    head: 'result code',
    rows: [
      ...Object.entries(REFUSED).map(([name, code]) => [name, code, 'data'] as const),
      ...Object.entries(AWAY).map(([name, { code, says }]) => [name, code, 'unavailable', says] as const),
    ],
  },
  {
    title: 'Errors of KurrentDB',
    note: 'By the name in the trailer `exception`, else by the status of gRPC. What is not here is passed on as it came.',
    head: 'error',
    rows: [
      ...Object.entries(EXCEPTIONS),
      ...Object.entries(STATUS),
      ['14, nobody listens', CONNECTING.refused] as const,
      ['14, of TLS', CONNECTING.tls] as const,
    ].map(([name, { code, fix }]) => [name, code, fix === undefined ? 'unavailable' : 'config', fix]),
  },
]

const codes = await codesOfSource()
const sections = [
  '# Errors',
  '',
  'Every error of Lockstep carries a code, which stays the same between versions. A class exists only where the engine acts',
  'differently (docs/decisions/0006-errors.md). `…` stands for a name. Written by `npm run errors-doc`; do not edit.',
  '',
  ...(['ConfigError', 'UnavailableError', 'ConflictError', 'DataError', 'Fault', 'SystemicError'] as const).map(
    (name) => classSection(name, codes),
  ),
  ...OF_SERVERS.map(codesSection),
]
const text = sections.join('\n')

if (!process.argv.includes('--check')) {
  await writeFile(TARGET, text)
} else if ((await readFile(TARGET, 'utf8').catch(() => '')) !== text) {
  console.error('docs/errors.md is not what the source says; run: npm run errors-doc')
  process.exitCode = 1
}
