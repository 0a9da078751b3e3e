// Passes the microphone's samples to the page: 16 bit, channels interleaved.

class Capture extends AudioWorkletProcessor {
  process([input]) {
    const channels = input.length;
    if (!channels) return true;
    const frames = input[0].length;
    const samples = new Int16Array(frames * channels);
    for (let at = 0; at < frames; at += 1) {
      for (let channel = 0; channel < channels; channel += 1) {
        const value = Math.max(-1, Math.min(1, input[channel][at]));
        samples[at * channels + channel] = Math.round(value * 32767);
      }
    }
    this.port.postMessage({ channels, samples }, [samples.buffer]);
    return true;
  }
}

registerProcessor("capture", Capture);
