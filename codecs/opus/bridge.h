// The narrow face of libopus that opus.go calls: what needs variadic controls.
// Functions return 0 or more for success, or a negative OPUS error.
#ifndef PARLEY_OPUS_BRIDGE_H
#define PARLEY_OPUS_BRIDGE_H

#include <stdint.h>

typedef struct po_encoder po_encoder;
typedef struct po_decoder po_decoder;

int po_encoder_open(po_encoder **e, int rate, int bitrate, int complexity);
int po_encode(po_encoder *e, const float *samples, int count, uint8_t *packet, int size);
int po_encoder_set(po_encoder *e, int loss, int dtx);
int po_encoder_reset(po_encoder *e);
void po_encoder_close(po_encoder *e);

int po_decoder_open(po_decoder **d, int rate);
// po_decode decodes a packet, or with fec the redundancy in it for the stretch
// of count samples before it, or with size 0 conceals count samples.
int po_decode(po_decoder *d, const uint8_t *packet, int size, float *samples, int count, int fec);
int po_duration(const uint8_t *packet, int size, int rate);
void po_decoder_close(po_decoder *d);

#endif
