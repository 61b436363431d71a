// The narrow face of libx264 that x264.go calls. Functions return 0 or more
// for success and a negative number for failure; the text is in px_error.
#ifndef PARLEY_X264_BRIDGE_H
#define PARLEY_X264_BRIDGE_H

#include <stdint.h>

typedef struct px_encoder px_encoder;

typedef struct {
	int width, height, fps;
	int kbps;      // average and peak rate, kbit/s
	int buffer;    // VBV buffer, kbit
	int profile;   // 0 constrained baseline, 1 main, 2 high
	int level;     // level_idc, 0 = the lowest that fits
	int max_nal;   // bytes, 0 = unlimited
	int band;      // 1: vectors reach no more than BAND_REACH luma rows
	int black_top, black_bottom; // luma rows of a band that must decode flat
	char preset[16]; // of the library; "" = our own settings, and quantisers of the caller
} px_config;

typedef struct {
	uint8_t *data; // owned by the encoder, valid until the next call
	int size;
	int key;
	int uneven; // a band's black rows did not decode flat
} px_unit;

// px_new returns a zeroed handle, or NULL without memory.
px_encoder *px_new(void);
int px_open(px_encoder *e, const px_config *c);
// px_encode encodes a picture; qp is its quantiser, -1 with a preset.
int px_encode(px_encoder *e, const uint8_t *y, const uint8_t *u, const uint8_t *v,
	int stride_y, int stride_uv, int key, int qp, px_unit *out);
// px_rate is for encoders with a preset.
int px_rate(px_encoder *e, int kbps, int buffer);
// px_error returns what the library said last, or "".
const char *px_error(px_encoder *e);
// px_close frees the handle and all that belongs to it.
void px_close(px_encoder *e);
const char *px_version(void);

#endif
