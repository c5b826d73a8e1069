import { createHmac } from 'node:crypto'
import type { Secret } from '../../core/secret.js'

/**
 * `t=1764374400,v1=<64 hexadecimal digits>`: HMAC-SHA256 of `<t>.<body>`. The moment is signed too, so that a receiver can
 * refuse what is old.
 */
export function signature(body: string, secret: Secret, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1_000)
  const digest = createHmac('sha256', secret.reveal()).update(`${seconds}.${body}`).digest('hex')
  return `t=${seconds},v1=${digest}`
}
