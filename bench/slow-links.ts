import { type FaultProxy, startFaultProxy } from '../test/support/fault-proxy.js'

/** Of each connection by itself and in each direction, so that neither the servers nor this machine is what limits. */
const LINK = { kind: 'slow', latencyMs: 5, bytesPerSecond: 300_000 } as const

/** Of what as many processes would do if nothing else took time. */
export const SHARE_OF_LINEAR = 0.8

/** A link before a server, slow for each connection by itself. */
export async function slowLink(url: string): Promise<FaultProxy> {
  const link = await startFaultProxy(url)
  await link.set(LINK)
  return link
}
