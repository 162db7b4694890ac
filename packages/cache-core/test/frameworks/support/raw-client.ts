import { connect } from 'node:net'

/** Sends these bytes on their own connection, and resolves with all that arrived before it was closed. */
export function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'))
    let received = ''
    socket.setEncoding('latin1')
    socket.on('data', (piece: string) => {
      received += piece
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(received))
  })
}

/** The body of a response from `sendRaw`, sent in one piece or in chunks, which do not matter here. */
export function bodyOf(received: string): string {
  return received.slice(received.indexOf('\r\n\r\n') + 4)
}
