/**
 * `npm run sbom [file]`: what a production install consists of, as CycloneDX, from the lockfile; into the file, else on stdout.
 * Client libraries are not in it, as users choose them: an image has an inventory of its own.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { name, version, license, type, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

// `npm sbom --omit dev` leaves out what development needs as well (pg, zod). So it is asked in a folder without development;
// and it calls the package after the folder.
const temporary = mkdtempSync(join(tmpdir(), 'lockstep-sbom-'))
const folder = join(temporary, name)
try {
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version, license, type, dependencies }))
  cpSync(join(root, 'package-lock.json'), join(folder, 'package-lock.json'))
  const npm = (...args) =>
    execFileSync('npm', args, { cwd: folder, maxBuffer: 2 ** 26, stdio: ['ignore', 'pipe', 'inherit'] })
  npm('install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline')
  const text = npm('sbom', '--package-lock-only', '--sbom-format', 'cyclonedx', '--sbom-type', 'library').toString()
  const [file] = process.argv.slice(2)
  if (file === undefined) process.stdout.write(text)
  else writeFileSync(file, text)
} finally {
  rmSync(temporary, { recursive: true })
}
