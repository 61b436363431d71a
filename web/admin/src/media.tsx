// The media of a participant, both ways.

import { choice } from './schema'
import type { Stream } from './status'

export function MediaTable({ name, streams }: { name: string; streams: Stream[] }) {
  return (
    <table class="inner" aria-label={`Media of ${name}`}>
      <thead><tr><th scope="col">Media</th><th scope="col">Codec</th><th scope="col">kbit/s</th><th scope="col">Picture</th><th scope="col">Loss</th><th scope="col">Jitter</th></tr></thead>
      <tbody>
        {streams.flatMap((s) => [
          <Way key={s.id + 'rx'} name={`${choice(s.type)} from the caller`} codec={s.rx_codec} bitrate={s.rx_bitrate} size={s.rx_resolution} fps={s.rx_fps} loss={s.rx_packet_loss} jitter={s.rx_jitter} />,
          <Way key={s.id + 'tx'} name={`${choice(s.type)} to the caller`} codec={s.tx_codec} bitrate={s.tx_bitrate} size={s.tx_resolution} fps={s.tx_fps} loss={s.tx_packet_loss} />,
        ])}
      </tbody>
    </table>
  )
}

function Way({ name, codec, bitrate, size, fps, loss, jitter }: { name: string; codec: string; bitrate: number; size: string; fps: number; loss: number; jitter?: number }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td data-label="Codec">{codec || 'none'}</td>
      <td data-label="kbit/s">{bitrate}</td>
      <td data-label="Picture">{size && `${size}, ${Math.round(fps)}/s`}</td>
      <td data-label="Loss">{loss.toFixed(1)} %</td>
      <td data-label="Jitter">{jitter === undefined ? '' : `${jitter.toFixed(1)} ms`}</td>
    </tr>
  )
}
