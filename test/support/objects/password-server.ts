import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import ssh2 from 'ssh2'

/** An SSH server that asks for a password; the files are served by OpenSSH's own program. */
export interface PasswordServer extends AsyncDisposable {
  readonly port: number
  /** As `ssh-keygen -lf` prints it. */
  readonly hostKey: string
  /** Passwords that were tried and refused. */
  readonly refused: number
}

const SFTP_PROGRAM = '/usr/lib/openssh/sftp-server'

export async function startPasswordServer(user: string, password: string): Promise<PasswordServer> {
  const { private: key, public: shown } = ssh2.utils.generateKeyPairSync('ed25519')
  let refused = 0
  const server = new ssh2.Server({ hostKeys: [key] }, (client) => {
    client.on('error', () => undefined)
    client.on('authentication', (login) => {
      if (login.method === 'password' && login.username === user && login.password === password) return login.accept()
      if (login.method === 'password') refused += 1
      login.reject(['password'])
    })
    client.on('session', (accept) => {
      accept().on('subsystem', (take, refuse, { name }) => {
        if (name !== 'sftp') return refuse()
        const channel = take()
        const program = spawn(SFTP_PROGRAM, { stdio: ['pipe', 'pipe', 'ignore'] })
        channel.pipe(program.stdin)
        program.stdout.pipe(channel)
        channel.once('close', () => program.kill())
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    port: address.port,
    hostKey: fingerprintOf(shown),
    get refused() {
      return refused
    },
    [Symbol.asyncDispose]: async () => {
      server.close()
    },
  }
}

function fingerprintOf(publicKey: string): string {
  const [, blob = ''] = publicKey.split(' ')
  return `SHA256:${createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64').replace(/=+$/, '')}`
}
