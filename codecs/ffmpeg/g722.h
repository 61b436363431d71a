// The narrow face of libavcodec that g722.go calls. Functions return 0 or more
// for success or a negative AVERROR.
#ifndef PARLEY_FFMPEG_G722_H
#define PARLEY_FFMPEG_G722_H

#include <stdint.h>

typedef struct pg_codec pg_codec;

int pg_open(pg_codec **c, int encoder);
// pg_encode codes an even number of samples into half as many bytes and returns them.
int pg_encode(pg_codec *c, const int16_t *samples, int count, uint8_t *out, int size);
// pg_decode decodes size bytes into twice as many samples and returns their number.
int pg_decode(pg_codec *c, const uint8_t *data, int size, int16_t *samples, int count);
void pg_close(pg_codec *c);

#endif
