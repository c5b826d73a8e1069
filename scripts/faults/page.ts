import { type Cell, FAULTS, type FaultId, PARTS, type Part, type PartId, type Proof } from './faults.js'

export type Matrix = Readonly<Record<PartId, Part>>

const faultIds = Object.keys(FAULTS).filter((id): id is FaultId => id in FAULTS)
const partIds = Object.keys(PARTS).filter((id): id is PartId => id in PARTS)

/** `docs/faults.md`, whole. */
export function faultsPage(matrix: Matrix): string {
  return [opening(matrix), grid(matrix), ...faultIds.map((id) => section(id, matrix)), ''].join('\n\n')
}

/** What the page names and is not there, each as a sentence. `titles`: of a test file, `undefined` when there is none. */
export function missingProofs(matrix: Matrix, titles: (file: string) => ReadonlySet<string> | undefined): string[] {
  return proofsOf(matrix).flatMap(({ file, title }) => {
    const found = titles(file)
    if (found === undefined) return [`there is no ${file}`]
    return found.has(title) ? [] : [`${file} has no test or group "${title}"`]
  })
}

function proofsOf(matrix: Matrix): readonly Proof[] {
  return partIds.flatMap((part) =>
    faultIds.flatMap((fault) => {
      const cell = matrix[part][fault]
      return 'proofs' in cell ? cell.proofs : []
    }),
  )
}

function opening(matrix: Matrix): string {
  const proofs = proofsOf(matrix)
  const different = new Set(proofs.map(({ file, title }) => `${file} ${title}`)).size
  const files = new Set(proofs.map(({ file }) => file)).size
  return `# Is a row ever lost?

What Lockstep promises when something breaks, and which test shows it. Nearly all of the faults below are brought about on purpose, against real servers - PostgreSQL, MariaDB, OpenSSH, Redis, processes that are
killed with \`kill -9\` - while a flow is at work; then plain SQL, or a reader of its own, which share no code with the tool, say whether what should be there is there, once. A few tests, named \`*.unit.test.ts\`, run the code against models in memory. Google Cloud, S3, Azure, Kafka and KurrentDB are emulators and doubles
([decision 33](decisions/0033-doubles-are-honest.md)). ${different} tests in ${files} files are named here; all of them run in CI.

The promises, in short:

- **\`ingest\`** loses no message and applies none twice: what was acknowledged is stored or a dead letter.
- **\`sync\`** ends with all sides alike. A write that lost against another one is in the table of conflicts.
- **\`feed\`** is published whole, of one moment, or not at all: whoever reads has the feed before or the feed after.
- **\`check\`** gives the right verdict or says \`unverified\`; it never says \`same\` of what it has not read.

Written by \`npm run faults\` from \`scripts/faults\`; do not edit. CI fails when a test that is named here is no more.`
}

function grid(matrix: Matrix): string {
  const head = ['fault', ...partIds.map((id) => PARTS[id])]
  const rows = faultIds.map((id) => [
    `[${FAULTS[id].title}](#${anchorOf(FAULTS[id].title)})`,
    ...partIds.map((part) => shortOf(matrix[part][id])),
  ])
  return [
    '## At a glance',
    '',
    'Work shared out is that of `lockstep worker`; leases and lanes are what keeps one instance, or each of several, writing. `-`: it cannot strike there.',
    '',
    ...table(head, rows),
  ].join('\n')
}

function shortOf(cell: Cell): string {
  if ('none' in cell) return '-'
  return 'outcome' in cell ? cell.outcome : 'not tested'
}

function section(id: FaultId, matrix: Matrix): string {
  const { title, how } = FAULTS[id]
  return [`## ${title}`, '', how, '', ...partIds.flatMap((part) => described(PARTS[part], matrix[part][id]))].join('\n')
}

function described(part: string, cell: Cell): readonly string[] {
  if ('none' in cell) return [`- **${part}**: does not apply. ${cell.none}`]
  if (!('proofs' in cell)) return [`- **${part}**: not tested. ${cell.open}`]
  const open = cell.open === undefined ? '' : ` *Not tested: ${cell.open}*`
  return [`- **${part}**: ${cell.promise}${open}`, ...listed(cell.proofs)]
}

/** Each file once, with its tests. */
function listed(proofs: readonly Proof[]): readonly string[] {
  const files = [...new Set(proofs.map(({ file }) => file))]
  return files.map((file) => {
    const titles = proofs.filter((proof) => proof.file === file).map(({ title }) => `"${title}"`)
    return `  - \`${file}\`: ${titles.join('; ')}`
  })
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)]
}

/** As VitePress and GitHub make it. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-')
}
