// Frames of a client and the answers of an echo server, and frames of a server as a client hears them, read the plain
// way (RFC 6455): nothing here comes from src.

interface Limits {
  readonly maxFrameBytes: number
  readonly maxMessageBytes: number
}

interface Frame {
  readonly isFinal: boolean
  readonly opcode: number
  /** Of the payload, unmasked, what is here. */
  readonly payload: Buffer
  readonly payloadBytes: number
  /** Bytes of the whole frame. */
  readonly bytes: number
}

interface Answers {
  /** `opcode payload` of each frame. */
  readonly answers: readonly string[]
  readonly isOver: boolean
}

const closeText = (code: number): string => `8 ${String.fromCharCode(code >> 8, code & 0xff)}`

/** The next frame, undefined where its header is not whole yet, or 1002. Clients mask, servers do not. */
function nextFrame(bytes: Buffer, isMasked: boolean): Frame | number | undefined {
  if (bytes.length === 0) return undefined
  const [first, second] = [bytes[0]!, bytes[1]]
  const opcode = first & 15
  if ((first & 0x70) > 0 || (opcode > 2 && opcode < 8) || opcode > 10) return 1002
  if (opcode >= 8 && first < 0x80) return 1002
  if (second === undefined) return undefined
  const length = second & 0x7f
  if (second >= 0x80 !== isMasked || (opcode >= 8 && length > 125)) return 1002
  const lengthBytes = length === 126 ? 2 : length === 127 ? 8 : 0
  if (lengthBytes === 8 && bytes.length > 2 && bytes[2]! >= 0x80) return 1002
  const start = 2 + lengthBytes + (isMasked ? 4 : 0)
  if (bytes.length < start) return undefined
  let payloadBytes = length
  if (lengthBytes === 2) payloadBytes = bytes.readUInt16BE(2)
  if (lengthBytes === 8) payloadBytes = Number(bytes.readBigUInt64BE(2))
  const mask = isMasked ? bytes.subarray(start - 4, start) : Buffer.alloc(4)
  const payload = Buffer.from(
    bytes.subarray(start, start + payloadBytes).map((byte, at) => byte ^ mask[at % 4]!),
  )
  return { isFinal: first >= 0x80, opcode, payload, payloadBytes, bytes: start + payloadBytes }
}

/** Whether the bytes are UTF-8, or can become it if more follows. */
function isUtf8(bytes: Uint8Array, isWhole: boolean): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: !isWhole })
    return true
  } catch (error) {
    if (error instanceof TypeError) return false
    throw error
  }
}

const isCloseCode = (code: number): boolean =>
  (code >= 3000 && code <= 4999) || (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code))

function closeAnswer(payload: Buffer): string {
  if (payload.length === 0) return '8 '
  if (payload.length === 1 || !isCloseCode(payload.readUInt16BE(0))) return closeText(1002)
  return closeText(isUtf8(payload.subarray(2), true) ? payload.readUInt16BE(0) : 1007)
}

export function readClientFrames(all: Uint8Array, limits: Limits): Answers {
  const answers: string[] = []
  let bytes = Buffer.from(all)
  let opcode = 0
  let collected = Buffer.alloc(0)
  for (;;) {
    const found = nextFrame(bytes, true)
    if (found === undefined) return { answers, isOver: false }
    if (typeof found === 'number') return { answers: [...answers, closeText(found)], isOver: true }
    const isHere = found.payload.length === found.payloadBytes
    if (found.opcode >= 8) {
      if (!isHere) return { answers, isOver: false }
      if (found.opcode === 8) return { answers: [...answers, closeAnswer(found.payload)], isOver: true }
      if (found.opcode === 9) answers.push(`10 ${found.payload.toString('latin1')}`)
    } else {
      const code = judge(found, opcode, collected, limits)
      if (code !== 0) return { answers: [...answers, closeText(code)], isOver: true }
      if (!isHere) return { answers, isOver: false }
      opcode = found.opcode === 0 ? opcode : found.opcode
      collected = Buffer.concat([collected, found.payload])
      if (found.isFinal) {
        answers.push(`${opcode} ${collected.toString('latin1')}`)
        opcode = 0
        collected = Buffer.alloc(0)
      }
    }
    bytes = bytes.subarray(found.bytes)
  }
}

/** @returns the code to fail with, or 0 */
function judge(frame: Frame, opcodeSoFar: number, collected: Buffer, limits: Limits): number {
  if ((frame.opcode === 0) !== (opcodeSoFar !== 0)) return 1002
  const length = collected.length + frame.payloadBytes
  if (frame.payloadBytes > limits.maxFrameBytes || length > limits.maxMessageBytes) return 1009
  if ((frame.opcode === 0 ? opcodeSoFar : frame.opcode) !== 1) return 0
  const isWhole = frame.isFinal && frame.payload.length === frame.payloadBytes
  return isUtf8(Buffer.concat([collected, frame.payload]), isWhole) ? 0 : 1007
}

/** What a client hears, and what it answers, `opcode payload` of each frame. */
interface Heard {
  readonly messages: readonly string[]
  readonly answers: readonly string[]
  /** It has answered a close frame, or closes for its part. */
  readonly isOver: boolean
}

/** Frames of a server. Texts are not checked to be UTF-8. */
export function hearServerFrames(all: Uint8Array, messageBytesMax: number): Heard {
  const messages: string[] = []
  const answers: string[] = []
  const over = (answer: string): Heard => ({ messages, answers: [...answers, answer], isOver: true })
  let collected: Buffer | undefined
  for (let bytes = Buffer.from(all); ; ) {
    const found = nextFrame(bytes, false)
    if (found === undefined) return { messages, answers, isOver: false }
    if (typeof found === 'number') return over(closeText(found))
    const isHere = found.payload.length === found.payloadBytes
    if (found.opcode < 8) {
      if ((found.opcode === 0) !== (collected !== undefined)) return over(closeText(1002))
      if ((collected?.length ?? 0) + found.payloadBytes > messageBytesMax) return over(closeText(1009))
    }
    if (!isHere) return { messages, answers, isOver: false }
    if (found.opcode === 8) return over(closeAnswer(found.payload))
    if (found.opcode === 9) answers.push(`10 ${found.payload.toString('latin1')}`)
    if (found.opcode < 8) {
      const message: Buffer = Buffer.concat([collected ?? Buffer.alloc(0), found.payload])
      if (found.isFinal) messages.push(message.toString('latin1'))
      collected = found.isFinal ? undefined : message
    }
    bytes = bytes.subarray(found.bytes)
  }
}

/** Whole frames of a client, `opcode payload` of each. */
export function clientFramesOf(all: Uint8Array): string[] {
  const frames: string[] = []
  for (let bytes = Buffer.from(all); bytes.length > 0; ) {
    const found = nextFrame(bytes, true)
    if (typeof found !== 'object' || found.payload.length !== found.payloadBytes)
      throw new Error('what the client sent is no whole frame')
    frames.push(`${found.opcode} ${found.payload.toString('latin1')}`)
    bytes = bytes.subarray(found.bytes)
  }
  return frames
}
