import type { Problem } from './wire/server.js'

/** What the server answered in place of a result; or `status` 0 when it did not answer. */
export class ProblemError extends Error {
  readonly status: number
  /** A stable word, e.g. `flow-state`. */
  readonly code: string
  /** What to do about it. */
  readonly fix: string | undefined

  /** Names the request in the log of the server. */
  readonly requestId: string | undefined

  constructor(problem: Pick<Problem, 'status' | 'code' | 'detail' | 'fix' | 'requestId'>) {
    super(problem.detail)
    this.name = 'ProblemError'
    this.status = problem.status
    this.code = problem.code
    this.fix = problem.fix
    this.requestId = problem.requestId
  }
}

/** Of an answer that is no success, whatever its body. */
export async function problemOf(answer: Response): Promise<ProblemError> {
  const { status } = answer
  const body: unknown = await answer.json().catch(() => undefined)
  const of = (name: string): string | undefined => {
    const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined
    return typeof value === 'string' ? value : undefined
  }
  const detail = of('detail') ?? `the server answered ${status}`
  const requestId = answer.headers.get('x-request-id') ?? undefined
  return new ProblemError({ status, code: of('code') ?? 'unknown', detail, fix: of('fix'), requestId })
}
