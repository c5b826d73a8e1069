// `node scripts/complete-lockfile.mjs`, after `npm install`: adds the packages for other platforms that npm left out of
// package-lock.json because the registry it was run against does not carry them. Without them `npm ci` refuses the
// lockfile everywhere. Where they are installed, npm takes their integrity from the registry.
import { readFileSync, writeFileSync } from 'node:fs'

const SYSTEMS = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
  'windows',
]
const PROCESSORS = ['arm64', 'x64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32']

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))

/** Whether a package that is required at `path` is found there or above. */
function resolves(path, name) {
  for (let folder = path; ; ) {
    if (Object.hasOwn(lock.packages, `${folder === '' ? '' : `${folder}/`}node_modules/${name}`)) return true
    if (folder === '') return false
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/') - 1))
  }
}

/** What package.json of a platform's package says, as its name tells it. */
function platform(name) {
  const words = name.split('/').pop().split(/[-.]/)
  const os = name === 'fsevents' ? 'darwin' : SYSTEMS.find((system) => words.includes(system))
  const cpu = PROCESSORS.find((processor) => words.includes(processor))
  if (os === undefined && cpu === undefined) throw new Error(`${name}: for which platform?`)
  const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc'
  const named = words.some((word) => /^(gnu|musl)/.test(word))
  return {
    ...(cpu === undefined ? {} : { cpu: [cpu] }),
    ...(os === undefined ? {} : { os: [os === 'windows' ? 'win32' : os] }),
    ...(os === 'linux' && named ? { libc: [libc] } : {}),
  }
}

const missing = Object.entries(lock.packages).flatMap(([path, entry]) =>
  Object.entries(entry.optionalDependencies ?? {})
    .filter(([name]) => !resolves(path, name))
    .map(([name, range]) => {
      const { cpu, os, libc } = platform(name)
      const { dev, devOptional } = entry
      return [
        `node_modules/${name}`,
        { version: range.replace(/^[~^]/, ''), cpu, dev, devOptional, libc, optional: true, os },
      ]
    }),
)
const packages = Object.entries({ ...lock.packages, ...Object.fromEntries(missing) })
lock.packages = Object.fromEntries(packages.sort(([a], [b]) => a.localeCompare(b, 'en')))
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`)
console.log(`${missing.length} packages added`)
