// Server-sent events out of pieces of text, as the HTML standard has them ("Interpreting an event stream").

export type ServerEvent = { id: string; event: string; data: string };

export class EventReader {
  private rest = '';
  private id = '';
  private event = '';
  private data: string[] = [];

  /** The events that are complete with this piece. */
  push(piece: string): ServerEvent[] {
    const lines = (this.rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.line(line) ?? []);
  }

  private line(line: string): ServerEvent | undefined {
    if (line === '') return this.flush();
    const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (name === 'data') this.data.push(value);
    else if (name === 'event') this.event = value;
    else if (name === 'id' && !value.includes('\0')) this.id = value;
    return undefined;
  }

  private flush(): ServerEvent | undefined {
    const { id, event, data } = this;
    this.event = '';
    this.data = [];
    return data.length > 0 ? { id, event: event || 'message', data: data.join('\n') } : undefined;
  }
}
