import { z } from 'zod'

const YEAR_2100 = Date.UTC(2100) / 1000

const common = {
  ip: z.union([z.ipv4(), z.ipv6()]),
  port: z.int().min(0).max(65_535),
  service: z.string().min(1),
  /** Seconds since 1970. Milliseconds would be in the far future, and what is newest wins for ever. */
  timestamp: z.int().min(0).max(YEAR_2100),
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Base64 of UTF-8 text; anything else is a dead letter. */
const base64Text = z.base64().transform((encoded, context) => {
  try {
    return utf8.decode(Buffer.from(encoded, 'base64'))
  } catch {
    context.addIssue({ code: 'custom', message: 'is not UTF-8 below its base64' })
    return z.NEVER
  }
})

/** A message of the scanners; the response comes in either of two versions. */
export const Scan = z
  .discriminatedUnion('data_version', [
    z.object({ ...common, data_version: z.literal(1), data: z.object({ response_bytes_utf8: base64Text }) }),
    z.object({ ...common, data_version: z.literal(2), data: z.object({ response_str: z.string() }) }),
  ])
  .transform((scan) => ({
    ip: scan.ip,
    port: scan.port,
    service: scan.service,
    response: scan.data_version === 1 ? scan.data.response_bytes_utf8 : scan.data.response_str,
    lastSeen: new Date(scan.timestamp * 1000),
  }))
