import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { vi } from 'vitest'
import { freePort } from '../../../src/embedded/free-port.js'
import { guardOrphan } from '../../../src/embedded/orphan-guard.js'

const run = promisify(execFile)

/** Debian's OpenSSH on a port of its own, with keys that were made for it; the files are below `path`. */
export interface SftpServer extends AsyncDisposable {
  readonly port: number
  /** Of the same server, where nothing may be written. */
  readonly readOnlyPort: number
  /** Of the same server, where no second link to a file is made. */
  readonly linklessPort: number
  readonly user: string
  /** Of a folder that the user may write to. */
  readonly path: string
  /** Text of the key with which the user logs in, and of one that is not known. */
  readonly privateKey: string
  readonly strangeKey: string
  /** As `ssh-keygen -lf` prints it. */
  readonly hostKey: string
  /** Path of a file of known hosts. */
  readonly knownHosts: string
}

export async function startSftpServer(): Promise<SftpServer> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-sshd-'))
  const [port, readOnlyPort, linklessPort] = [await freePort(), await freePort(), await freePort()]
  const key = (name: string) => run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', join(folder, name)])
  await Promise.all(['host', 'login', 'stranger'].map(key))
  await copyFile(join(folder, 'login.pub'), join(folder, 'authorized'))
  const host = (await readFile(join(folder, 'host.pub'), 'utf8')).trim()
  await writeFile(
    join(folder, 'known_hosts'),
    [port, readOnlyPort, linklessPort].map((each) => `[127.0.0.1]:${each} ${host}\n`).join(''),
  )
  const { stdout } = await run('ssh-keygen', ['-lf', join(folder, 'host.pub')])
  await writeFile(join(folder, 'sshd_config'), configOf(folder, { port, readOnlyPort, linklessPort }))
  // As root it wants a folder that the system makes when it starts.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 })
  const daemon = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(folder, 'sshd_config')], { stdio: 'ignore' })
  const guard = daemon.pid === undefined ? undefined : guardOrphan(daemon.pid, folder, 'KILL')
  await mkdir(join(folder, 'files'))
  await vi.waitFor(() => greeted(port), { timeout: 20_000, interval: 50 })
  return {
    port,
    readOnlyPort,
    linklessPort,
    user: userInfo().username,
    path: join(folder, 'files'),
    privateKey: await readFile(join(folder, 'login'), 'utf8'),
    strangeKey: await readFile(join(folder, 'stranger'), 'utf8'),
    hostKey: stdout.split(' ')[1] ?? '',
    knownHosts: join(folder, 'known_hosts'),
    [Symbol.asyncDispose]: async () => {
      await stopped(daemon)
      guard?.[Symbol.dispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

type Ports = Pick<SftpServer, 'port' | 'readOnlyPort' | 'linklessPort'>

function configOf(folder: string, { port, readOnlyPort, linklessPort }: Ports): string {
  return [
    `Port ${port}`,
    `Port ${readOnlyPort}`,
    `Port ${linklessPort}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(folder, 'host')}`,
    `AuthorizedKeysFile ${join(folder, 'authorized')}`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin prohibit-password',
    'MaxStartups 100',
    'Subsystem sftp internal-sftp',
    `Match LocalPort ${readOnlyPort}`,
    '  ForceCommand internal-sftp -R',
    `Match LocalPort ${linklessPort}`,
    '  ForceCommand internal-sftp -P hardlink',
    '',
  ].join('\n')
}

async function greeted(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'data')
  } finally {
    socket.destroy()
  }
}

async function stopped(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return
  const ended = once(daemon, 'exit')
  daemon.kill('SIGTERM')
  await ended
}

/** Stands before a server and cuts connections after so many bytes, as long as there are cuts left. */
export class CuttingLink implements AsyncDisposable {
  cuts = 0
  made = 0
  readonly port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(port: number, server: Server) {
    this.port = port
    this.#server = server
  }

  /** @param bytes that pass in a connection before it is cut. */
  static async start(to: number, bytes: () => number): Promise<CuttingLink> {
    const server = createServer()
    const port = await freePort()
    const link = new CuttingLink(port, server)
    server.on('connection', (client) => link.#join(client, to, bytes()))
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return link
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(client: Socket, to: number, bytes: number): void {
    const server = connect(to, '127.0.0.1')
    let passed = 0
    for (const [from, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from)
      from.on('error', () => other.destroy())
      from.on('close', () => other.destroy())
      from.pipe(other)
    }
    const count = (chunk: Buffer): void => {
      passed += chunk.length
      if (passed < bytes || this.cuts === 0) return
      this.cuts -= 1
      this.made += 1
      client.destroy()
      server.destroy()
    }
    client.on('data', count)
    server.on('data', count)
  }
}
