import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { Problem } from '../client/wire/server.js'
import { ConfigError, ConflictError, DataError, LockstepError, UnavailableError } from '../core/errors.js'
import { scrub } from '../core/secret.js'

const TITLES = {
  400: 'The request is not valid',
  401: 'A token is needed',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Not this method',
  409: 'Not possible now',
  413: 'Too large',
  415: 'Not this content type',
  422: 'Cannot be done',
  500: 'Unexpected',
  503: 'Unavailable',
} as const

export type ProblemStatus = keyof typeof TITLES

/** Thrown by whatever answers a request; becomes the answer (RFC 9457). */
export class RequestError extends Error {
  readonly status: ProblemStatus
  readonly code: string
  readonly fix: string | undefined

  constructor(status: ProblemStatus, code: string, detail: string, fix?: string) {
    super(detail)
    this.name = 'RequestError'
    this.status = status
    this.code = code
    this.fix = fix
  }
}

/** The answer to anything thrown. What is unexpected says nothing of itself: it is in the log. */
export function answerProblem(context: Context, error: unknown): Response {
  const problem = { ...problemOf(error), requestId: context.get('requestId') }
  context.header('content-type', 'application/problem+json')
  if (problem.status === 401) context.header('www-authenticate', 'Bearer realm="lockstep"')
  return context.body(JSON.stringify(problem), problem.status)
}

export function isUnexpected(error: unknown): boolean {
  return problemOf(error).status === 500
}

function problemOf(error: unknown): Problem & { readonly status: ProblemStatus } {
  if (error instanceof RequestError) return problem(error.status, error.code, error.message, error.fix)
  if (error instanceof ConfigError) {
    return problem(CONFIG_STATUS[error.code] ?? 422, error.code, `${error.key}: ${error.problem}`, error.fix)
  }
  if (error instanceof LockstepError) return problem(statusOf(error), error.code, error.message)
  if (error instanceof HTTPException && isStatus(error.status)) {
    return problem(error.status, 'request-invalid', 'the request cannot be read')
  }
  return problem(500, 'unexpected', 'something unexpected happened; the log of the server says what')
}

/** Others are of what is asked for, and not of the request. */
const CONFIG_STATUS: Readonly<Record<string, ProblemStatus>> = {
  'flow-unknown': 404,
  'letter-unknown': 404,
  'letters-not-chosen': 400,
  'letters-not-replayable': 409,
}

function statusOf(error: LockstepError): ProblemStatus {
  if (error instanceof UnavailableError) return 503
  if (error instanceof ConflictError) return 409
  return error instanceof DataError ? 422 : 500
}

function isStatus(status: number): status is ProblemStatus {
  return Object.hasOwn(TITLES, status)
}

function problem(
  status: ProblemStatus,
  code: string,
  detail: string,
  fix?: string,
): Problem & { readonly status: ProblemStatus } {
  return {
    type: 'about:blank',
    title: TITLES[status],
    status,
    detail: scrub(detail),
    code,
    ...(fix === undefined ? {} : { fix: scrub(fix) }),
  }
}
