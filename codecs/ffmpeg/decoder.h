// The narrow face of libavcodec that h264.go calls. Functions return 0 or more
// for success, or one of the PD_ codes, or a negative AVERROR.
#ifndef PARLEY_FFMPEG_DECODER_H
#define PARLEY_FFMPEG_DECODER_H

#include <stdint.h>

#define PD_NONE 0         // no picture yet
#define PD_PICTURE 1      // a picture was given out
#define PD_CORRUPT 2      // as PD_PICTURE, but parts of it are concealed or missing
#define PD_UNSUPPORTED 3  // sampling or size that is not for us

typedef struct pd_decoder pd_decoder;
typedef struct pd_frame pd_frame;

typedef struct {
	uint8_t *plane[3];
	int length[3];  // readable bytes, at most stride times height
	int stride_y, stride_uv;
	int width, height;
	uint32_t timestamp;
} pd_picture;

int pd_open(pd_decoder **d);
// pd_decode copies the access unit and decodes it. The planes stay valid until
// pd_frame_unref of the same frame.
int pd_decode(pd_decoder *d, const uint8_t *data, int size, uint32_t timestamp,
	int skip_loop_filter, pd_frame *frame, pd_picture *out);
void pd_close(pd_decoder *d);

pd_frame *pd_frame_new(void);
void pd_frame_unref(pd_frame *f);
void pd_frame_free(pd_frame *f);

// pd_error writes the text of an AVERROR.
void pd_error(int code, char *text, int size);

#endif
