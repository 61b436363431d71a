// A decoder of OpenH264 behind plain functions. See openh264.go.
#ifndef PARLEY_OPENH264_BRIDGE_H
#define PARLEY_OPENH264_BRIDGE_H

#include <stdint.h>

typedef struct ph_decoder ph_decoder;

// ph_picture is a decoded picture in the library's memory, valid until the next
// call; width 0 = none.
typedef struct {
	const uint8_t *y, *u, *v;
	int width, height, stride_y, stride_uv;
	uint64_t timestamp;
} ph_picture;

// ph_open returns NULL when the library gives no decoder.
ph_decoder *ph_open(void);

// ph_decode decodes one access unit. It returns the library's DECODING_STATE,
// 0 = no error. There may be a picture of an earlier access unit.
int ph_decode(ph_decoder *d, const uint8_t *unit, int size, uint64_t timestamp, ph_picture *out);

// ph_flush gives out the next picture that was held back for reordering.
int ph_flush(ph_decoder *d, ph_picture *out);

// ph_log returns what the library has warned of, up to a few thousand bytes.
const char *ph_log(const ph_decoder *d);

const char *ph_version(void);

void ph_close(ph_decoder *d);

#endif
